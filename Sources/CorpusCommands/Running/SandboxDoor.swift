import CorpusKit
import CorpusSandbox

/// The run's way to its sandbox.
enum SandboxDoor {
    /// Opens the best sandbox that this machine gives.
    ///
    /// - Parameters:
    ///   - minimum: The recipe's `min_isolation`.
    ///   - allowsNone: Whether a person has asked for no isolation.
    /// - Returns: The sandbox.
    /// - Throws: ``WorkFailure`` when the level is not to be had.
    static func open(minimum: String, allowsNone: Bool) async throws -> any Sandbox {
        let probe = SandboxProbe(allowsUnsafe: allowsNone)
        let level = allowsNone ? .none : IsolationLevel(rawValue: minimum) ?? .oneshot
        let sandbox = try await probe.sandbox(atLeast: level)
        if sandbox.level == .none {
            Terminal.tell("warning: programs that models write run WITHOUT isolation, as you asked")
        }
        return sandbox
    }
}
