import CorpusKit
import Testing

@testable import CorpusSandbox

@Suite("Exact answers", .enabled("bubblewrap works on this machine") { await Workshop.isUsable })
struct ExactAnswerTests {
    @Test("Whole numbers of any size reach the program and come back exact")
    func largeIntegers() async throws {
        let power = try JSONValue(parsing: "1180591620717411303424")
        let next = try JSONValue(parsing: "1180591620717411303425")

        let honest = try await Workshop.call("def f(n): return n + 1", [([power], next), ([.int(.max)], 9)])
        let rounded = try await Workshop.call("def f(n): return float(n)", [([power], power)])
        let typed = try await Workshop.call("def f(n): return type(n).__name__", [([power], "int")])

        #expect(honest.tests.map(\.verdict) == [.ok, .wrongAnswer])
        #expect(honest.tests.last?.got == "9223372036854775808")
        #expect(rounded.verdict == .wrongAnswer)
        #expect(typed.verdict == .ok)
    }

    @Test("Keys are told apart by their bytes, and a mapping may hold both")
    func keys() async throws {
        let one = try await Workshop.call("def f(): return {'e\\u0301': 1}", [([], ["\u{E9}": 1])])
        let both = try await Workshop.call(
            "def f(): return {'e\\u0301': 1, '\\u00e9': 2}",
            [([], ["\u{E9}": 2]), ([], ["e\u{301}": 1])]
        )

        #expect(one.verdict == .wrongAnswer)
        #expect(both.verdict == .wrongAnswer)
        #expect(both.tests.count == 2, "\(both.diagnostics)")
        #expect(both.diagnostics == "")
    }

    @Test("A whole-number key counts as its digits, and no other key counts as one")
    func numberKeys() async throws {
        let cases: [([JSONValue], JSONValue)] = [([], ["1": 2])]

        let number = try await Workshop.call("def f(): return {1: 2}", cases)
        let text = try await Workshop.call("def f(): return {'1': 2}", cases)
        let real = try await Workshop.call("def f(): return {1.0: 2}", cases)
        let large = try await Workshop.call(
            "def f(): return {2**70: 2}",
            [([], ["1180591620717411303424": 2])]
        )

        #expect([number, text, large].map(\.verdict) == [.ok, .ok, .ok])
        #expect(real.verdict == .wrongAnswer)
        #expect(real.tests.first?.got == "<a mapping with keys of type float>")
    }
}
