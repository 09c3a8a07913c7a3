import CorpusKit

/// What an ended program's exit code says.
enum ExitReading {
    private static let processorTimeExceeded = 24

    /// The verdict on a program that ended by itself with a code other than 0: `otherwise`, unless a signal or a
    /// limit ended it.
    static func verdict(code: Int, otherwise: ExecutionResult.Verdict) -> ExecutionResult.Verdict {
        switch code - 128 {
        case processorTimeExceeded: .cpuLimit
        case 1...31: .signal
        default: otherwise
        }
    }
}
