import CSandbox

/// What runs one program in isolation; verdicts are made above it.
///
/// A level of isolation is one backend: what it promises is the walls of its ``isolation`` and the limits of the
/// task, what it costs is its own affair.
protocol CellBackend: Sendable {
    /// The level that it gives.
    var isolation: IsolationLevel { get }

    /// Runs a task from start to end; when this returns or throws, nothing of it is left.
    ///
    /// - Throws: ``CellFault`` when the cell itself failed, `CancellationError`.
    func outcome(of task: CellTask) async throws -> CellOutcome
}

/// One program to run once.
struct CellTask: Sendable {
    /// The program's absolute path and its arguments.
    var command: [String]
    /// Files in the working folder before the program starts: name to content.
    var files: [(name: String, bytes: [UInt8])] = []
    /// The whole environment.
    var environment: [(name: String, value: String)] = CellTask.baseEnvironment
    /// Files and folders outside `/usr` that the program may read.
    var binds: [String] = []
    /// Standard input.
    var input: [UInt8] = []
    /// What the program does on descriptors 3 (its answers) and 4 (requests), beside standard streams.
    var channel = Channel.none
    /// What it may use.
    var limits = CellLimits()

    /// A private line between a program's driver and us.
    enum Channel: Sendable {
        case none
        /// The driver may leave a note; there are no requests.
        case note
        /// The harness asks, the driver answers.
        case calls(CallHarness)
    }

    static let workFolder = "/tmp/w"

    static let baseEnvironment = [
        ("PATH", "/usr/bin:/bin"), ("HOME", workFolder), ("TMPDIR", "/tmp"), ("LANG", "C.UTF-8"),
        ("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1"),
    ].map { (name: $0.0, value: $0.1) }
}

/// What a task may use.
struct CellLimits: Sendable, Hashable {
    /// From the moment the cell stands.
    var wall: Duration = .seconds(10)
    /// Private writable memory of one process.
    var memoryMiB = 512
    /// Memory of all processes together.
    var totalMemoryMiB = 1024
    /// Standard output and error together.
    var outputBytes = 1 << 20
    var stackMiB = 64
    var fileMiB = 16
    var temporaryMiB = 64
    var temporaryFiles = 4096
    var openFiles = 256
    var processes = 64

    /// Whole seconds of processor time, at least the wall time.
    var cpuSeconds: Int {
        let (seconds, rest) = wall.components
        return max(1, Int(seconds) + (rest > 0 ? 1 : 0))
    }
}

/// How a task ended.
struct CellOutcome: Sendable {
    enum Ending: Sendable, Hashable {
        /// By itself: exit code, or 128 and the signal's number.
        case exited(Int)
        /// We stopped it, and why.
        case stopped(Stop)
    }

    enum Stop: Sendable, Hashable {
        case wall, memory, output
        /// The harness has heard all it needs.
        case answered
    }

    var ending: Ending
    var output: [UInt8]
    var errors: [UInt8]
    /// What the driver left on a ``CellTask/Channel/note`` channel, at most 4 KiB.
    var note: [UInt8]
    /// The harness of a ``CellTask/Channel/calls(_:)`` channel, with what it heard.
    var harness: CallHarness?
    /// From the moment the cell stood.
    var elapsed: Duration
}

/// The cell could not be had or did not behave; never the tested program's doing.
struct CellFault: Error, Sendable, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    init(_ call: String, error: Int32) { self.init("`\(call)` failed with error \(error)") }
}

extension csandbox_limits {
    /// What the kernel is told of limits.
    init(_ limits: CellLimits) {
        self.init(
            cpu_seconds: UInt64(limits.cpuSeconds),
            data_bytes: UInt64(limits.memoryMiB) << 20,
            stack_bytes: UInt64(limits.stackMiB) << 20,
            file_bytes: UInt64(limits.fileMiB) << 20,
            open_files: UInt64(limits.openFiles),
            processes: UInt64(limits.processes)
        )
    }
}
