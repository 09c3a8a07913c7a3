/// What a language needs to be run: data, so that adding one adds no code.
struct LanguageProfile: Sendable {
    /// As jobs name it.
    let name: String
    /// What a toolchain's own name starts its version with.
    let toolchain: String
    /// Where the interpreter is looked for first; under `/usr`, which every cell sees.
    let executables: [String]
    /// What it is called on the search path.
    let commandName: String
    /// The source's name in the working folder.
    let sourceName: String
    /// Arguments that make the interpreter say its version.
    let versionArguments: [String]
    /// Arguments that check the source without running it; nil when the run reports syntax errors itself.
    let check: [String]?
    /// Arguments that run the source as a program.
    let run: [String]
    /// Arguments that serve calls of the function ``entryPoint`` to the harness; nil when only programs can be run.
    let serveCalls: [String]?
    /// Whether a run leaves the note `syntax` when the source does not parse.
    let leavesNotes: Bool
    /// What the environment has beside the base.
    let environment: [(name: String, value: String)]
    /// Standard error starts its last line with this when memory ran out.
    let outOfMemoryWords: String?

    /// Stands for the source's path in arguments.
    static let source = "{source}"
    /// Stands for the function to call in arguments.
    static let entryPoint = "{entry-point}"
    /// Stands for the longest answer to a call, in bytes, in arguments.
    static let longestAnswer = "{longest-answer}"

    /// The languages that ship with Corpusmith.
    static let builtIn = [python, bash]

    // Hash order must not differ between runs, and `-I` would ignore the variable that fixes it: the environment is
    // our own and the driver cuts the working folder out of the module path, which leaves `-I` nothing to do.
    static let python = LanguageProfile(
        name: "python",
        toolchain: "python",
        executables: ["/usr/bin/python3", "/usr/local/bin/python3"],
        commandName: "python3",
        sourceName: "main.py",
        versionArguments: ["--version"],
        check: nil,
        run: ["-s", "-S", "-B", "-c", PythonDriver.script, "io", source, "", "0"],
        serveCalls: ["-s", "-S", "-B", "-c", PythonDriver.script, "call", source, entryPoint, longestAnswer],
        leavesNotes: true,
        environment: [("PYTHONHASHSEED", "0"), ("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONSAFEPATH", "1")],
        outOfMemoryWords: "MemoryError"
    )

    static let bash = LanguageProfile(
        name: "bash",
        toolchain: "bash",
        executables: ["/usr/bin/bash", "/usr/local/bin/bash"],
        commandName: "bash",
        sourceName: "main.sh",
        versionArguments: ["--version"],
        check: ["-n", source],
        run: ["--norc", "--noprofile", source],
        serveCalls: nil,
        leavesNotes: false,
        environment: [],
        outOfMemoryWords: nil
    )
}

/// A profile and the interpreter that this machine has for it.
struct Toolchain: Sendable {
    let profile: LanguageProfile
    /// The interpreter's absolute path, links resolved.
    let executable: String
    /// Folders outside `/usr` that it needs.
    let binds: [String]
    /// Name and version, for example `python 3.11.2`.
    let description: String

    /// A task that gives the interpreter arguments and the source.
    func task(_ arguments: [String], source: String, limits: CellLimits, filling: [String: String] = [:])
        -> CellTask
    {
        let path = "\(CellTask.workFolder)/\(profile.sourceName)"
        let values = filling.merging([LanguageProfile.source: path]) { given, _ in given }
        return CellTask(
            command: [executable] + arguments.map { values[$0] ?? $0 },
            files: [(name: profile.sourceName, bytes: Array(source.utf8))],
            environment: CellTask.baseEnvironment + profile.environment,
            binds: binds,
            limits: limits
        )
    }
}
