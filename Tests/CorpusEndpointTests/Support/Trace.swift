import Synchronization

/// What many tasks note down, in order.
final class Trace: Sendable {
    private let state = Mutex<[Int]>([])

    var notes: [Int] { state.withLock { $0 } }

    func note(_ number: Int) { state.withLock { $0.append(number) } }
}
