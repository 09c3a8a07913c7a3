/// Hidden tests of a task, in a form that never lets the tested program see what is expected.
public enum TestSuite: Sendable, Hashable {
    /// Calls of one function: plain JSON in, plain JSON out.
    case call(entryPoint: String, cases: [CallCase], comparison: Comparison)
    /// Whole programs: text in, text out.
    case io(cases: [IOCase], comparison: Comparison)

    /// One call and what it must return.
    public struct CallCase: Sendable, Hashable {
        /// Positional arguments.
        public var arguments: [JSONValue]
        /// What the call must return; tuples count as arrays, and whole-number keys of mappings as their digits, so
        /// that a test cannot tell the key 1 from the key "1".
        public var expected: JSONValue

        /// Creates a case.
        public init(arguments: [JSONValue], expected: JSONValue) {
            self.arguments = arguments
            self.expected = expected
        }
    }

    /// One run and what it must print.
    public struct IOCase: Sendable, Hashable {
        /// Standard input.
        public var input: String
        /// Standard output.
        public var expected: String

        /// Creates a case.
        public init(input: String, expected: String) {
            self.input = input
            self.expected = expected
        }
    }

    /// How tests reach a program.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// By calls of one function.
        case call
        /// By standard input and output.
        case io
    }

    /// How these tests reach a program.
    public var kind: Kind {
        switch self {
        case .call: .call
        case .io: .io
        }
    }

    /// When an answer counts as the expected one.
    public enum Comparison: String, Sendable, Hashable, CaseIterable {
        /// Same type and value; for `io`, equal text after trailing white space is cut from lines and end.
        case exact
        /// Numbers within a millionth of the expected one, or within 1e-9 where 0 is expected; everything else exact.
        case float
        /// Arrays as multisets, at the top level.
        case unordered
    }

    /// How deep arguments and expected values may nest: as deep as drivers read.
    public static let deepestNesting = 100
    /// How many digits whole numbers may have: as many as drivers read.
    public static let mostDigits = 4_300

    /// How many cases there are.
    public var count: Int {
        switch self {
        case .call(_, let cases, _): cases.count
        case .io(let cases, _): cases.count
        }
    }
}

extension TestSuite {
    /// Reads the `tests` field of a seed.
    ///
    /// `{"kind": "call", "entry_point": "f", "cases": [{"args": […], "expect": …}], "compare": "exact"}` or
    /// `{"kind": "io", "cases": [{"stdin": "…", "stdout": "…"}]}`.
    ///
    /// - Throws: ``TestSuiteProblem`` that says what is missing.
    public init(json: JSONValue) throws(TestSuiteProblem) {
        guard let cases = json["cases"]?.elements, !cases.isEmpty else {
            throw TestSuiteProblem("`tests` needs `cases` with at least one case")
        }
        let compare = json["compare"]?.text ?? "exact"
        guard let comparison = Comparison(rawValue: compare) else {
            throw TestSuiteProblem("`compare` must be `exact`, `float` or `unordered`, not `\(compare)`")
        }
        switch json["kind"]?.text {
        case "call":
            guard let entryPoint = json["entry_point"]?.text, Self.isIdentifier(entryPoint) else {
                throw TestSuiteProblem("`call` tests need `entry_point`, the name of a function")
            }
            var calls: [CallCase] = []
            for (index, element) in cases.enumerated() {
                guard let arguments = element["args"]?.elements, let expected = element["expect"] else {
                    throw TestSuiteProblem("case \(index) of `tests` needs `args` (an array) and `expect`")
                }
                for value in arguments + [expected] { try Self.check(value, of: index) }
                calls.append(CallCase(arguments: arguments, expected: expected))
            }
            self = .call(entryPoint: entryPoint, cases: calls, comparison: comparison)
        case "io":
            var runs: [IOCase] = []
            for (index, element) in cases.enumerated() {
                guard let input = element["stdin"]?.text, let expected = element["stdout"]?.text else {
                    throw TestSuiteProblem(
                        "case \(index) of `tests` needs `stdin` and `stdout`, both strings"
                    )
                }
                runs.append(IOCase(input: input, expected: expected))
            }
            self = .io(cases: runs, comparison: comparison)
        case let kind:
            throw TestSuiteProblem("`kind` of `tests` must be `call` or `io`, not `\(kind ?? "absent")`")
        }
    }

    /// The suite as the JSON that ``init(json:)`` reads.
    public var json: JSONValue {
        switch self {
        case .call(let entryPoint, let cases, let comparison):
            let rows = cases.map { JSONValue.object(["args": .array($0.arguments), "expect": $0.expected]) }
            return [
                "kind": "call", "entry_point": .string(entryPoint), "cases": .array(rows),
                "compare": .string(comparison.rawValue),
            ]
        case .io(let cases, let comparison):
            let rows = cases.map {
                JSONValue.object(["stdin": .string($0.input), "stdout": .string($0.expected)])
            }
            return ["kind": "io", "cases": .array(rows), "compare": .string(comparison.rawValue)]
        }
    }

    private static func check(
        _ value: JSONValue,
        of index: Int,
        depth: Int = 0
    ) throws(TestSuiteProblem) {
        let elements: [JSONValue]
        switch value {
        case .largeInt(let number) where number.digitCount > mostDigits:
            throw TestSuiteProblem(
                "case \(index) of `tests` holds a whole number of \(number.digitCount) digits; \(mostDigits) is the most"
            )
        case .array(let array): elements = array
        case .object(let members): elements = Array(members.values)
        case .null, .bool, .int, .largeInt, .double, .string: return
        }
        guard depth < deepestNesting else {
            throw TestSuiteProblem(
                "case \(index) of `tests` holds a value that nests deeper than \(deepestNesting)"
            )
        }
        for element in elements { try check(element, of: index, depth: depth + 1) }
    }

    private static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.first, first.isLetter || first == "_" else { return false }
        return text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    }
}

/// What is wrong with a `tests` field.
public struct TestSuiteProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence without a full stop.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// What a tested program may use.
public struct ExecutionLimits: Sendable, Hashable {
    /// Wall time of the whole job, in milliseconds.
    public var wallMilliseconds: Int
    /// Private writable memory of one process, in MiB.
    public var memoryMiB: Int
    /// Standard output and error together, in KiB.
    public var outputKiB: Int

    /// Creates limits; the defaults are those of the sandbox.
    public init(wallMilliseconds: Int = 10_000, memoryMiB: Int = 512, outputKiB: Int = 1024) {
        self.wallMilliseconds = wallMilliseconds
        self.memoryMiB = memoryMiB
        self.outputKiB = outputKiB
    }
}

/// A program to run against hidden tests in the sandbox.
public struct ExecutionJob: Sendable, Hashable {
    /// The language's name, for example `python`.
    public var language: String
    /// The program.
    public var source: String
    /// What it is tested with.
    public var tests: TestSuite
    /// What it may use.
    public var limits: ExecutionLimits

    /// Creates a job.
    public init(
        language: String,
        source: String,
        tests: TestSuite,
        limits: ExecutionLimits = ExecutionLimits()
    ) {
        self.language = language
        self.source = source
        self.tests = tests
        self.limits = limits
    }

    /// The job as canonical JSON.
    public var json: JSONValue {
        [
            "language": .string(language), "source": .string(source), "tests": tests.json,
            "limits": [
                "wall_ms": .int(limits.wallMilliseconds), "memory_mib": .int(limits.memoryMiB),
                "output_kib": .int(limits.outputKiB),
            ],
        ]
    }

    /// The key under which the job is run once with one toolchain and judged by one harness.
    ///
    /// - Parameters:
    ///   - toolchain: Name and version of what runs the program.
    ///   - harness: Name and version of what judges it.
    ///   - isolation: The level it runs at: a verdict that was made without walls is not believed behind them.
    /// - Returns: A key that differs when the result could.
    public func key(toolchain: String, harness: String, isolation: String) -> ItemKey {
        ItemKey(deriving: ["execution", toolchain, harness, isolation, Digest(of: json).description])
    }
}

/// How a job ended.
public struct ExecutionResult: Sendable, Hashable {
    /// How a job or one test ended.
    public enum Verdict: String, Sendable, Hashable, CaseIterable {
        case ok
        case wrongAnswer = "wrong_answer"
        case runtimeError = "runtime_error"
        case compileError = "compile_error"
        case timeout
        case cpuLimit = "cpu_limit"
        case memoryLimit = "memory_limit"
        case outputLimit = "output_limit"
        case signal
        case earlyExit = "early_exit"
        case unavailable
        case sandboxError = "sandbox_error"
    }

    /// How one test ended.
    public struct Test: Sendable, Hashable {
        /// How it ended.
        public var verdict: Verdict
        /// What came back, shortened, for repair reports; never what was expected.
        public var got: String?

        /// Creates a test's result.
        public init(_ verdict: Verdict, got: String? = nil) {
            self.verdict = verdict
            self.got = got
        }
    }

    /// How the job ended: the first failing test's verdict, or `ok` when every test passed.
    public var verdict: Verdict
    /// One for each test that was begun, in the suite's order.
    public var tests: [Test]
    /// How many tests the suite has.
    public var total: Int
    /// The level that isolated the program: `full`, `oneshot`, `landlock`, `none`.
    public var isolation: String
    /// What the program wrote to standard error, cut to 4 KiB head and tail, invalid UTF-8 replaced.
    public var diagnostics: String
    /// The interpreter or compiler, with its version.
    public var toolchain: String

    /// Creates a result.
    public init(
        _ verdict: Verdict,
        tests: [Test] = [],
        total: Int,
        isolation: String,
        diagnostics: String = "",
        toolchain: String
    ) {
        self.verdict = verdict
        self.tests = tests
        self.total = total
        self.isolation = isolation
        self.diagnostics = diagnostics
        self.toolchain = toolchain
    }

    /// How many tests passed.
    public var passed: Int { tests.count { $0.verdict == .ok } }
}

extension ExecutionResult {
    /// The result as one JSON object; timings are not part of it, so that equal jobs give equal records.
    public var json: JSONValue {
        [
            "verdict": .string(verdict.rawValue), "total": .int(total), "passed": .int(passed),
            "isolation": .string(isolation), "diagnostics": .string(diagnostics),
            "toolchain": .string(toolchain),
            "tests": .array(
                tests.map {
                    ["verdict": .string($0.verdict.rawValue), "got": $0.got.map(JSONValue.string) ?? .null]
                }
            ),
        ]
    }

    /// Reads what ``json`` wrote, or nil when it has another shape.
    public init?(json: JSONValue) {
        guard let verdict = json["verdict"]?.text.flatMap(Verdict.init(rawValue:)),
            let total = json["total"]?.whole,
            let rows = json["tests"]?.elements, let isolation = json["isolation"]?.text,
            let toolchain = json["toolchain"]?.text
        else { return nil }
        let tests = rows.compactMap { row in
            row["verdict"]?.text.flatMap(Verdict.init(rawValue:)).map { Test($0, got: row["got"]?.text) }
        }
        guard tests.count == rows.count else { return nil }
        self.init(
            verdict,
            tests: tests,
            total: total,
            isolation: isolation,
            diagnostics: json["diagnostics"]?.text ?? "",
            toolchain: toolchain
        )
    }
}
