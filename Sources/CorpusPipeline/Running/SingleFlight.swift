import CorpusKit
import Synchronization

/// Lets the first of several tasks that want the same thing get it, and the others share it.
final class SingleFlight<Value: Sendable>: Sendable {
    private let waiting = Mutex<[ItemKey: [CheckedContinuation<Value, any Error>]]>([:])

    /// Runs `body` once for all tasks that ask for `key` at the same time.
    func value(for key: ItemKey, _ body: () async throws -> Value) async throws -> Value {
        let isFirst = waiting.withLock { waiting in
            guard waiting[key] == nil else { return false }
            waiting[key] = []
            return true
        }
        guard isFirst else { return try await follow(key, body) }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        let followers = waiting.withLock { $0.removeValue(forKey: key) } ?? []
        for follower in followers { follower.resume(with: result) }
        return try result.get()
    }

    private func follow(_ key: ItemKey, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                let isWaiting = waiting.withLock { $0[key]?.append(continuation) != nil }
                if !isWaiting { continuation.resume(throwing: Gone()) }
            }
        } catch is Gone {
            // The first ended between the two looks, so its answer is on the ledger: ask again.
            return try await value(for: key, body)
        }
    }

    /// Takes the flights of several keys, those that nobody is getting; each must be ended by ``end(_:with:)``.
    ///
    /// - Returns: The keys that were taken.
    func begin(_ keys: [ItemKey]) -> Set<ItemKey> {
        waiting.withLock { waiting in
            var taken: Set<ItemKey> = []
            for key in keys where waiting[key] == nil {
                waiting[key] = []
                taken.insert(key)
            }
            return taken
        }
    }

    /// Ends a flight that was taken by ``begin(_:)``; without a value, whoever waited for it gets it now.
    func end(_ key: ItemKey, with value: Value?) {
        let followers = waiting.withLock { $0.removeValue(forKey: key) } ?? []
        for follower in followers {
            if let value { follower.resume(returning: value) } else { follower.resume(throwing: Gone()) }
        }
    }

    private struct Gone: Error {}
}
