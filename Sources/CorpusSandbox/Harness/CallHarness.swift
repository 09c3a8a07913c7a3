import CorpusKit

/// Asks a driver for one call at a time and compares what comes back, outside the cell.
///
/// The driver learns arguments and nothing else; what is expected never leaves this value. A test passes only by an
/// answer of its own that came after its request: no exit code, no text and no silence passes anything.
struct CallHarness: Sendable {
    /// What to do after having heard something.
    enum Move: Sendable, Hashable {
        case wait
        case send([UInt8])
        case stop
    }

    /// Why no test could be begun or the next one was not.
    enum Failure: Sendable, Hashable {
        /// The source does not parse.
        case syntax
        /// Loading the source failed.
        case load(ExecutionResult.Test)
        /// Something spoke on the channel that was not asked.
        case forged
    }

    private let cases: [TestSuite.CallCase]
    private let comparison: TestSuite.Comparison
    private let longestLine: Int
    private var pending: [UInt8] = []
    private var random: any RandomNumberGenerator & Sendable
    /// What the open request is called; drawn anew for each, so that an answer cannot be there before its question.
    private var openIndex = 0

    /// The tests that were answered, in order.
    private(set) var tests: [ExecutionResult.Test] = []
    /// Whether the source was loaded, that is, whether a test is open unless all are answered.
    private(set) var isLoaded = false
    private(set) var failure: Failure?

    init(
        cases: [TestSuite.CallCase],
        comparison: TestSuite.Comparison,
        longestAnswer: Int,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.cases = cases
        self.comparison = comparison
        self.random = random
        longestLine = longestAnswer + 4096
    }

    /// Takes what the driver wrote, in pieces of any size.
    mutating func receive(_ bytes: [UInt8]) -> Move {
        guard failure == nil, tests.count < cases.count else { return .stop }
        let searched = pending.count
        pending += bytes
        guard let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            return pending.count > longestLine ? accuse() : .wait
        }
        // Nothing was asked yet that could have a second line for an answer.
        guard end == pending.count - 1, end <= longestLine,
            let line = try? JSONValue(parsing: pending[..<end]),
            line["index"]?.whole == openIndex, let status = line["status"]?.text
        else { return accuse() }
        pending = []
        return isLoaded ? answer(status, line) : load(status, line)
    }

    private mutating func load(_ status: String, _ line: JSONValue) -> Move {
        switch status {
        case "loaded":
            isLoaded = true
            return nextMove()
        case "syntax": failure = .syntax
        case "missing":
            failure = .load(ExecutionResult.Test(.runtimeError, got: "the function is not defined"))
        default:
            guard let test = Self.unfinished(status, line) else { return accuse() }
            failure = .load(test)
        }
        return .stop
    }

    private mutating func answer(_ status: String, _ line: JSONValue) -> Move {
        let test: ExecutionResult.Test
        switch status {
        case "value":
            guard let answer = line["value"].flatMap(Answer.init(encoded:)) else { return accuse() }
            let isRight = answer.matches(cases[tests.count].expected, by: comparison)
            test = ExecutionResult.Test(isRight ? .ok : .wrongAnswer, got: PlainText.brief(answer.canonical))
        case "opaque":
            test = ExecutionResult.Test(.wrongAnswer, got: PlainText.brief("<\(line["text"]?.text ?? "")>"))
        case "large": test = ExecutionResult.Test(.outputLimit)
        default:
            guard let unfinished = Self.unfinished(status, line) else { return accuse() }
            test = unfinished
        }
        tests.append(test)
        return nextMove()
    }

    /// A call or a load that gave no value.
    private static func unfinished(_ status: String, _ line: JSONValue) -> ExecutionResult.Test? {
        switch status {
        case "raised": ExecutionResult.Test(.runtimeError, got: line["text"]?.text.map(PlainText.brief))
        case "memory": ExecutionResult.Test(.memoryLimit)
        case "exit": ExecutionResult.Test(.earlyExit)
        default: nil
        }
    }

    private mutating func nextMove() -> Move {
        guard tests.count < cases.count else { return .stop }
        openIndex = Int.random(in: 1...Int(Int32.max), using: &random)
        let request = JSONValue.array([.int(openIndex), .array(cases[tests.count].arguments)])
        var bytes: [UInt8] = []
        request.write(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return .send(bytes)
    }

    private mutating func accuse() -> Move {
        failure = .forged
        return .stop
    }
}
