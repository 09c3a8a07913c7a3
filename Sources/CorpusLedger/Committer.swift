import Dispatch
import GRDB
import Synchronization

/// Gathers what many tasks want to make durable, so that they share one transaction and one fsync.
///
/// State: who waits, and whether somebody is writing. The first task to come writes; those that come meanwhile wait,
/// and the first of them writes for all that have gathered. So batches grow by themselves on a slow disk, with no timer
/// and no task of its own.
final class Committer: Sendable {
    typealias Write = @Sendable ([PackedEntry]) throws -> Void

    private enum Turn: Sendable {
        case written
        case lead([Waiter])
    }

    private struct Waiter: Sendable {
        let entries: [PackedEntry]
        let turn: CheckedContinuation<Turn, any Error>
    }

    private struct State {
        var isWriting = false
        var waiting: [Waiter] = []
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "corpusmith.ledger")
    private let write: Write

    init(write: @escaping Write) { self.write = write }

    /// Returns when the entries are durable.
    ///
    /// Not interrupted by cancellation: what was bought is kept.
    func commit(_ entries: [PackedEntry]) async throws {
        let turn = try await withCheckedThrowingContinuation { (turn: CheckedContinuation<Turn, any Error>) in
            let leads = state.withLock { state in
                if state.isWriting {
                    state.waiting.append(Waiter(entries: entries, turn: turn))
                    return false
                }
                state.isWriting = true
                return true
            }
            if leads { turn.resume(returning: .lead([])) }
        }
        guard case .lead(let followers) = turn else { return }
        let batch = entries + followers.flatMap(\.entries)
        let result = await onQueue { [write] in try write(batch) }
        for follower in followers { follower.turn.resume(with: result.map { .written }) }
        passOn()
        try result.get()
    }

    private func passOn() {
        let next = state.withLock { state -> (Waiter, [Waiter])? in
            guard let first = state.waiting.first else {
                state.isWriting = false
                return nil
            }
            let rest = Array(state.waiting.dropFirst())
            state.waiting = []
            return (first, rest)
        }
        if let (leader, followers) = next { leader.turn.resume(returning: .lead(followers)) }
    }

    private func onQueue(_ body: @escaping @Sendable () throws -> Void) async -> Result<Void, any Error> {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result(catching: body)) }
        }
    }
}
