import ArgumentParser
import CorpusLedger

/// Takes what another process may have, at once or when it is free.
///
/// - Parameters:
///   - waits: Whether to wait for the other process; Ctrl-C ends that.
///   - take: Tries to take it.
/// - Returns: What was taken.
/// - Throws: What `take` throws; the exit code of an interruption after telling so.
func taking<Value: Sendable>(
    waiting waits: Bool,
    _ take: @escaping @Sendable () throws -> Value
) async throws -> Value {
    let trouble: LedgerProblem
    do {
        return try take()
    } catch let problem as LedgerProblem where problem.isBusy && waits {
        trouble = problem
    }
    let wait = Task {
        while true {
            try await Task.sleep(for: .milliseconds(100))
            do { return try take() } catch let problem as LedgerProblem where problem.isBusy { continue }
        }
    }
    do {
        return try await withSignals { _ in
            wait.cancel()
        } _: {
            Terminal.tell("waiting: \(trouble.description)")
            return try await wait.value
        }
    } catch is CancellationError {
        Terminal.tell("interrupted: nothing was begun")
        throw CommandExit.interrupted
    }
}
