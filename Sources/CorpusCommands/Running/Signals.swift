import Dispatch
import Foundation

/// Listens for Ctrl-C and its like while a body runs.
///
/// Signals that are ignored when it begins stay ignored: `nohup` and shells with background jobs want it so.
///
/// - Parameters:
///   - handle: Called with how many signals there have been, from 1.
///   - body: What to do meanwhile.
/// - Returns: What the body returns.
func withSignals<Value>(
    _ handle: @escaping @Sendable (_ count: Int) -> Void,
    _ body: () async throws -> Value
) async rethrows -> Value {
    let queue = DispatchQueue(label: "corpusmith.signals")
    let counter = SignalCounter()
    let numbers = [SIGINT, SIGTERM, SIGHUP].filter { !isIgnored($0) }
    let sources = numbers.map { number in
        _ = signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler { handle(counter.next()) }
        source.resume()
        return source
    }
    defer {
        for source in sources { source.cancel() }
        for number in numbers { _ = signal(number, SIG_DFL) }
    }
    return try await body()
}

private func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    let ignoring = unsafe unsafeBitCast(SIG_IGN, to: Int.self)
    return handler == ignoring
}

/// Counts signals; touched on the signals' queue only, hence unchecked.
private final class SignalCounter: @unchecked Sendable {
    private var count = 0

    func next() -> Int {
        count += 1
        return count
    }
}
