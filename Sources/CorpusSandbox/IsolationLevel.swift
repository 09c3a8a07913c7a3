/// How strongly tested programs are kept apart from the machine, weakest first.
public enum IsolationLevel: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Limits only; the program may read and write what its user may.
    case none
    /// Kernel access rules without name spaces.
    case landlock
    /// A fresh set of name spaces for each program.
    case oneshot
    /// Long-lived cells with their own name spaces.
    case full

    /// Whether the left level is weaker.
    public static func < (left: IsolationLevel, right: IsolationLevel) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .none: 0
        case .landlock: 1
        case .oneshot: 2
        case .full: 3
        }
    }
}
