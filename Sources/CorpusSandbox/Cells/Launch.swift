/// Decides what is spawned for a task.
protocol CellLauncher: Sendable {
    var isolation: IsolationLevel { get }

    /// The program to spawn.
    func launch(of task: CellTask) throws(CellFault) -> Launch
}

/// A program about to be spawned, which waits on descriptor ``gate`` before it lets the task begin.
struct Launch {
    /// Descriptors that every launched program finds.
    static let output: Int = 1
    static let errors: Int = 2
    static let answers: Int = 3
    static let requests: Int = 4
    /// JSON documents with `child-pid` and `exit-code`.
    static let status: Int = 5
    /// Held until a byte arrives, so that limits can be set from outside.
    static let gate: Int = 6
    /// The first that a launcher may use for itself.
    static let own: Int = 7

    /// The program's path and its arguments.
    var arguments: [String]
    var environment: [(name: String, value: String)]
    /// Given to the program from descriptor ``own`` on.
    var descriptors: [Descriptor] = []
    /// Whether the program announces the process that limits are for, and reports its end; otherwise it is the
    /// spawned one.
    var reportsStatus: Bool
    /// A folder of its own, removed at the end.
    var folder: String?
}
