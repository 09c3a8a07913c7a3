import CorpusKit
import Testing

@testable import CorpusSandbox

@Suite("Call harness")
struct CallHarnessTests {
    private static let loaded = "{\"index\":0,\"status\":\"loaded\"}\n"

    private func harness(_ expected: [JSONValue] = [3, 4], longestAnswer: Int = 100) -> CallHarness {
        CallHarness(
            cases: expected.map { TestSuite.CallCase(arguments: [$0], expected: $0) },
            comparison: .exact,
            longestAnswer: longestAnswer,
            random: RandomStream(seed: 1, purpose: [])
        )
    }

    /// The index and arguments that the harness asks for.
    private func request(_ move: CallHarness.Move) throws -> (index: Int, arguments: JSONValue) {
        guard case .send(let bytes) = move else { throw NoRequest(move: move) }
        let parts = try JSONValue(parsing: bytes)
        return (try #require(parts.elements?[0].whole), try #require(parts.elements?[1]))
    }

    private struct NoRequest: Error { let move: CallHarness.Move }

    private func say(_ index: Int, _ rest: String, to harness: inout CallHarness) -> CallHarness.Move {
        harness.receive(Array("{\"index\":\(index),\(rest)}\n".utf8))
    }

    @Test("One call goes in after the other, and right answers pass")
    func honestDriver() throws {
        var harness = harness()

        let first = try request(harness.receive(Array(Self.loaded.utf8)))
        let second = try request(say(first.index, #""status":"value","value":3"#, to: &harness))
        let end = say(second.index, #""status":"value","value":5"#, to: &harness)

        #expect(first.arguments == [3])
        #expect(second.arguments == [4])
        #expect(end == .stop)
        #expect(harness.tests.map(\.verdict) == [.ok, .wrongAnswer])
        #expect(harness.tests.map(\.got) == ["3", "5"])
        #expect(harness.failure == nil)
    }

    @Test("What is expected never appears in a request")
    func noLeak() throws {
        var harness = CallHarness(
            cases: [.init(arguments: ["question"], expected: "treasure")],
            comparison: .exact,
            longestAnswer: 100
        )

        guard case .send(let bytes) = harness.receive(Array(Self.loaded.utf8)) else {
            throw NoRequest(move: .wait)
        }

        #expect(!String(decoding: bytes, as: UTF8.self).contains("treasure"))
    }

    @Test("Pieces of a line are put together")
    func pieces() throws {
        var harness = harness()
        for byte in Self.loaded.utf8.dropLast() { #expect(harness.receive([byte]) == .wait) }

        let asked = try request(harness.receive([UInt8(ascii: "\n")]))

        #expect(asked.arguments == [3])
    }

    @Test(
        "Anything but the answer that was asked for is a forgery",
        arguments: [
            "{\"index\":0,\"status\":\"value\",\"value\":3}\n",
            "{\"index\":1,\"status\":\"value\",\"value\":3}\n",
            "3\n", "\n", "garbage\n", "{\"index\":INDEX,\"status\":\"value\"}\n",
            "{\"index\":INDEX,\"status\":\"loaded\"}\n",
            "{\"index\":INDEX,\"status\":\"value\",\"value\":3}\n\n",
            "{\"index\":INDEX,\"status\":\"value\",\"value\":3}\n{\"index\":1,\"status\":\"value\",\"value\":4}\n",
            "{\"index\":INDEX,\"status\":\"value\",\"value\":3}\nx",
            "{\"index\":INDEX,\"status\":\"ok\",\"value\":3}\n",
            "{\"index\":INDEX,\"status\":\"value\",\"value\":{\"a\":1}}\n",
            "{\"status\":\"value\",\"value\":3}\n",
        ]
    )
    func forgery(_ text: String) throws {
        var harness = harness()
        let asked = try request(harness.receive(Array(Self.loaded.utf8)))

        let move = harness.receive(Array(text.replacing("INDEX", with: "\(asked.index)").utf8))

        #expect(move == .stop)
        #expect(harness.failure == .forged)
        #expect(harness.tests.isEmpty)
        #expect(say(asked.index, #""status":"value","value":3"#, to: &harness) == .stop)
        #expect(harness.tests.isEmpty)
    }

    @Test("A second loading message and a line without end are forgeries")
    func unendingLine() throws {
        var twice = harness()
        var endless = harness(longestAnswer: 10)

        #expect(twice.receive(Array((Self.loaded + Self.loaded).utf8)) == .stop)
        #expect(endless.receive(Array(repeating: 0x78, count: 4000)) == .wait)
        #expect(endless.receive(Array(repeating: 0x78, count: 4000)) == .stop)
        #expect(twice.failure == .forged)
        #expect(endless.failure == .forged)
    }

    @Test(
        "A call that gave no value says why, and the next one is still made",
        arguments: [
            (
                #""status":"raised","text":"ValueError: 7""#, ExecutionResult.Verdict.runtimeError,
                "ValueError: 7"
            ),
            (#""status":"memory""#, .memoryLimit, nil), (#""status":"exit""#, .earlyExit, nil),
            (#""status":"large""#, .outputLimit, nil),
            (#""status":"opaque","text":"a value of type set""#, .wrongAnswer, "<a value of type set>"),
        ] as [(String, ExecutionResult.Verdict, String?)]
    )
    func noValue(rest: String, verdict: ExecutionResult.Verdict, got: String?) throws {
        var harness = harness()
        let asked = try request(harness.receive(Array(Self.loaded.utf8)))

        let next = try request(say(asked.index, rest, to: &harness))

        #expect(harness.tests == [ExecutionResult.Test(verdict, got: got)])
        #expect(next.arguments == [4])
    }

    @Test(
        "Loading that failed begins no test",
        arguments: [
            (#""status":"syntax""#, CallHarness.Failure.syntax),
            (#""status":"exit""#, .load(ExecutionResult.Test(.earlyExit))),
            (#""status":"memory""#, .load(ExecutionResult.Test(.memoryLimit))),
            (
                #""status":"missing""#,
                .load(ExecutionResult.Test(.runtimeError, got: "the function is not defined"))
            ),
            (#""status":"value","value":3"#, .forged),
        ]
    )
    func loading(rest: String, failure: CallHarness.Failure) {
        var harness = harness()

        #expect(say(0, rest, to: &harness) == .stop)
        #expect(harness.failure == failure)
        #expect(!harness.isLoaded)
    }

    @Test("The driver does not change under the same harness version")
    func driverVersion() throws {
        let sandbox = CellSandbox(backend: try CellLoop(launcher: UnwalledLauncher(), width: 1))

        // Results of the old driver must not be taken for results of the new one: raise the version with the digest.
        #expect(sandbox.harness == "corpusmith 2")
        #expect(Digest(of: PythonDriver.script).description.hasPrefix("be6852af60732c73"))
    }
}
