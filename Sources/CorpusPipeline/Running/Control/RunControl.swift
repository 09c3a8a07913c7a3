import CorpusConfig
import Foundation
import Synchronization

/// The handle by which a person or a signal reaches into a pass: to hold it, change it, look at it or end it.
///
/// What is asked for takes effect at once. The engine is woken by it, also when nothing is in work, and looks at what
/// is wished before it starts anything. One handle serves one pass.
package final class RunControl: Sendable {
    /// What became of a request.
    package enum Change: Sendable {
        case made
        /// It was so already.
        case same
        /// Nothing can be changed any more: the pass ends, or has done all there was to do.
        case late(RunStop?)
    }

    /// What a person wants of the pass.
    struct Wish: Sendable {
        /// Rises with every request.
        var revision = 0
        var isPaused = false
        /// Widths other than the plan's, by node.
        var widths: [Int: Int] = [:]
        /// Nodes that start nothing any more.
        var skipped: Set<Int> = []
        /// Nodes whose steps no longer follow at once, because they have a width of their own or are skipped.
        var detached: Set<Int> = []
    }

    private struct State: Sendable {
        var wish = Wish()
        var stop: RunStop?
        var phase = PassStanding.Phase.running
        var since: Double
        var wall: Int?
        var hasOwnWall = false
        /// The engine's clock and what it said when the pass began.
        var clock: (@Sendable () -> Double)?
        var started = 0.0
        var widths: [Int] = []
        var stages: [StageStanding] = []
        var seeds = 0
        var exported = 0
        var lastNumber: UInt64 = 0
        var watchers: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var held: [UInt64: CheckedContinuation<RunStop?, any Error>] = [:]

        var elapsed: Double { clock.map { max(0, $0() - started) } ?? 0 }

        /// Why the pass ends, once it does.
        var ending: RunStop? {
            if case .draining(let stop) = phase { return stop }
            return stop
        }

        var visiblePhase: PassStanding.Phase {
            guard case .running = phase else { return phase }
            return stop.map { .draining($0) } ?? (wish.isPaused ? .paused : .running)
        }
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> Double

    /// Creates a handle.
    ///
    /// - Parameter now: Seconds since 1970, to tell people since when something is so.
    package init(now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }) {
        self.now = now
        state = Mutex(State(since: now()))
    }

    // MARK: - Asking

    /// Asks the pass to start nothing new and to finish what is in work; the first request counts.
    @discardableResult
    package func requestStop(_ reason: RunStop) -> Change {
        let change = state.withLock { state -> Change in
            if case .over = state.phase { return .late(nil) }
            guard state.stop == nil else { return .same }
            if state.ending == nil { state.since = now() }
            state.stop = reason
            state.wish.revision += 1
            return .made
        }
        wake(for: change)
        return change
    }

    /// Lets nothing new start, no unit and no call, until ``resume()``.
    ///
    /// The time of the pass goes on.
    package func pause() -> Change {
        change { state in
            guard !state.wish.isPaused else { return .same }
            state.wish.isPaused = true
            state.since = now()
            return .made
        }
    }

    /// Goes on after ``pause()``.
    package func resume() -> Change {
        let (change, held) = state.withLock { state -> (Change, [CheckedContinuation<RunStop?, any Error>]) in
            let change = apply(to: &state) { state in
                guard state.wish.isPaused else { return .same }
                state.wish.isPaused = false
                state.since = now()
                return .made
            }
            guard case .made = change else { return (change, []) }
            defer { state.held = [:] }
            return (change, Array(state.held.values))
        }
        for waiter in held { waiter.resume(returning: nil) }
        wake(for: change)
        return change
    }

    /// Lets a stage work on so many units at once from now on.
    ///
    /// - Parameters:
    ///   - width: At least 1.
    ///   - node: The stage's place in the plan.
    /// - Returns: What became of it, and the width before.
    package func setWidth(_ width: Int, of node: Int) -> (change: Change, before: Int) {
        precondition(width > 0, "a stage without width would never end")
        let before = state.withLock { $0.wish.widths[node] ?? $0.widths[node] }
        let change = change { state in
            guard state.wish.widths[node] ?? state.widths[node] != width else { return .same }
            state.wish.widths[node] = width
            state.wish.detached.insert(node)
            return .made
        }
        return (change, before)
    }

    /// Starts no further unit of a stage, or starts them again.
    ///
    /// What waits there stays open, and the pass ends resumable once everything else is done.
    package func setSkipped(_ isSkipped: Bool, at node: Int) -> Change {
        change { state in
            guard state.wish.skipped.contains(node) != isSkipped else { return .same }
            if isSkipped {
                state.wish.skipped.insert(node)
                state.wish.detached.insert(node)
            } else {
                state.wish.skipped.remove(node)
            }
            return .made
        }
    }

    /// Gives the pass another time, counted from its beginning; nil for as long as it takes.
    package func setWall(_ seconds: Int?) -> Change {
        change { state in
            guard state.wall != seconds else { return .same }
            (state.wall, state.hasOwnWall) = (seconds, true)
            return .made
        }
    }

    /// How the pass stands.
    package var standing: PassStanding {
        state.withLock { state in
            PassStanding(
                phase: state.visiblePhase,
                since: state.since,
                elapsed: state.elapsed,
                wall: state.wall,
                stages: state.stages,
                seeds: state.seeds,
                exported: state.exported,
                heldCalls: state.held.count
            )
        }
    }

    /// How many seconds the pass may take, if that is bounded.
    package var wall: Int? { state.withLock(\.wall) }

    // MARK: - The engine's side

    /// Takes over what a plan says, where nothing else was asked for.
    func adopt(_ plan: Plan) {
        state.withLock { state in
            state.widths = plan.nodes.map(\.width)
            state.stages = plan.nodes.map { StageStanding(width: $0.width) }
            if !state.hasOwnWall { state.wall = plan.recipe.budget?.wallSeconds }
        }
    }

    /// Begins to count the pass's time.
    ///
    /// - Parameter clock: Seconds of a clock that never goes back.
    func begin(at clock: @escaping @Sendable () -> Double) {
        state.withLock { state in
            state.clock = clock
            state.started = clock()
        }
    }

    var request: RunStop? { state.withLock(\.stop) }
    var wish: Wish { state.withLock(\.wish) }

    /// Whether the steps of a node do not follow at once any more.
    func isDetached(_ node: Int) -> Bool { state.withLock { $0.wish.detached.contains(node) } }

    /// Why no call may start any more, once the time is up.
    var lateness: RunStop? {
        state.withLock { state in
            guard let wall = state.wall, state.elapsed >= Double(wall) else { return nil }
            return .wall("the time budget of \(wall) s is used up")
        }
    }

    /// How many seconds are left of the pass's time; nil when that is not bounded.
    var timeLeft: Double? { state.withLock { state in state.wall.map { Double($0) - state.elapsed } } }

    /// Notes how the pass stands.
    func publish(_ stages: [StageStanding], seeds: Int, exported: Int) {
        state.withLock { state in
            (state.stages, state.seeds, state.exported) = (stages, seeds, exported)
        }
    }

    /// Notes that the pass ends, and why: nothing is changed any more, and units that a pause holds are let go.
    func end(_ stop: RunStop) {
        let held = state.withLock { state in
            if state.ending == nil { state.since = now() }
            state.phase = .draining(stop)
            defer { state.held = [:] }
            return state.held.values
        }
        for waiter in held { waiter.resume(returning: stop) }
    }

    /// Notes that the pass has done all there was to do.
    func finish() {
        state.withLock { state in
            (state.phase, state.since) = (.over, now())
        }
    }

    // MARK: - Waiting

    /// Waits while the pass is paused.
    ///
    /// - Throws: ``Halted`` when the pass ends meanwhile; `CancellationError`.
    func passPause() async throws {
        guard state.withLock({ $0.wish.isPaused }) else { return }
        let number = draw()
        let stop = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<RunStop?, any Error>? in
                    guard state.wish.isPaused else { return .success(nil) }
                    if let stop = state.ending { return .success(stop) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.held[number] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.held.removeValue(forKey: number) }
            waiter?.resume(throwing: CancellationError())
        }
        if let stop { throw Halted(stop: stop) }
    }

    /// Waits until something was asked for since a revision, or the pass's time is up.
    func news(since revision: Int, sleep: @escaping @Sendable (Double) async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.changed(since: revision) }
            if let left = timeLeft, left > 0 {
                group.addTask {
                    // Sleeps end early.
                    while !Task.isCancelled, let left = self.timeLeft, left > 0 {
                        await sleep(max(0.01, left))
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func changed(since revision: Int) async {
        let number = draw()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard state.wish.revision == revision, !Task.isCancelled else { return false }
                    state.watchers[number] = continuation
                    return true
                }
                if !isWaiting { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.watchers.removeValue(forKey: number) }?.resume()
        }
    }

    private func draw() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    private func change(_ change: (inout State) -> Change) -> Change {
        let made = state.withLock { apply(to: &$0, change) }
        wake(for: made)
        return made
    }

    private func apply(to state: inout State, _ change: (inout State) -> Change) -> Change {
        if case .over = state.phase { return .late(nil) }
        if let stop = state.ending { return .late(stop) }
        let made = change(&state)
        if case .made = made { state.wish.revision += 1 }
        return made
    }

    private func wake(for change: Change) {
        guard case .made = change else { return }
        let watchers = state.withLock { state in
            defer { state.watchers = [:] }
            return state.watchers.values
        }
        for watcher in watchers { watcher.resume() }
    }
}
