import Dispatch
import Foundation

/// Listens for Ctrl-C and its like while a body runs.
///
/// The first signal asks for a quiet end; the second one calls `insist`.
func withSignals<Value>(
    _ handle: @escaping @Sendable (_ count: Int) -> Void,
    _ body: () async throws -> Value
) async rethrows -> Value {
    let queue = DispatchQueue(label: "corpusmith.signals")
    let counter = SignalCounter()
    let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
        _ = signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler { handle(counter.next()) }
        source.resume()
        return source
    }
    defer {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM, SIGHUP] { _ = signal(number, SIG_DFL) }
    }
    return try await body()
}

/// Counts signals; touched on the signals' queue only, hence unchecked.
private final class SignalCounter: @unchecked Sendable {
    private var count = 0

    func next() -> Int {
        count += 1
        return count
    }
}
