import CorpusModel
import CorpusText
import Foundation
import TestSupport
import Testing

@testable import CorpusLedger

@Suite("Cassettes", .timeLimit(.minutes(5)))
struct CassetteTests {
    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "corpusmith-cassette-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder + "/tape", withIntermediateDirectories: true)
    }

    private func ledger(_ name: String) throws -> Ledger {
        try Ledger.begin(
            path: folder + "/\(name).sqlite",
            name: "t",
            recipe: "r",
            plan: ["nodes": []],
            product: "test",
            now: 0
        )
    }

    private static func call(_ number: Int, length: Int = 10) -> CallRecord {
        var random = RandomStream(seed: number, purpose: ["cassette"])
        let letters = Array("abc é\u{0}\u{1F600}\"\\\n\u{2028}")
        let text = String((0..<random.below(length + 1)).map { _ in letters[random.below(letters.count)] })
        let request = ModelRequest(
            model: "m",
            messages: [Message(.system, text), Message(.user, "\(number)")],
            sampling: Sampling(temperature: Double(random.below(100)) / 70, seed: random.below(1 << 31)),
            extra: number % 3 == 0 ? ["top_k": .int(number)] : [:],
            repetition: number
        )
        let usage = TokenUsage(input: random.below(99), cachedInput: random.below(9), output: number)
        return CallRecord(
            key: request.key,
            model: "m",
            endpoint: "https://internal.example.org/v1",
            request: request.canonical,
            reply: ModelReply(
                text: text,
                reasoning: number % 2 == 0 ? "hm " + text : nil,
                finish: number % 5 == 0 ? .length : .stop,
                usage: number % 7 == 0 ? nil : usage,
                milliseconds: random.below(1000)
            ),
            attempts: 1 + random.below(3),
            booked: 100,
            cost: 5,
            buyer: Buyer(role: "judge", stage: "s")
        )
    }

    /// A cassette of some calls as plain text.
    private func recorded(_ count: Int, length: Int = 10) async throws -> [UInt8] {
        let ledger = try ledger(UUID().uuidString)
        try await ledger.commit((0..<count).map { .call(Self.call($0, length: length)) })
        #expect(try ledger.record(to: folder + "/tape").replies == count)
        return try Zstd.decompress(
            Array(Data(contentsOf: URL(fileURLWithPath: folder + "/tape/cassette.jsonl.zst")))
        )
    }

    private func problem(with text: some Sequence<UInt8>) async throws -> CassetteProblem? {
        let path = folder + "/other"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(text).write(to: URL(fileURLWithPath: path + "/cassette.jsonl"))
        do {
            try await Cassette(in: path).read { _ in }
            return nil
        } catch let problem as CassetteProblem {
            return problem
        }
    }

    @Test("What one ledger recorded another one takes whole, at no cost", arguments: [0, 1, 700])
    func roundTrip(count: Int) async throws {
        _ = try await recorded(count)
        let other = try ledger("other")
        let cassette = try Cassette(in: folder + "/tape")
        try await other.load(cassette)

        for number in 0..<count {
            var reply = Self.call(number).reply
            reply.milliseconds = 0
            #expect(try other.call(Self.call(number).key) == reply)
        }
        #expect(try other.spent().total == Spent())
        let spending = try other.report().spending
        #expect(spending.imported == count && spending.calls == 0 && spending.cost == 0)
    }

    @Test(
        "A reply that was bought stays as it is when a cassette has it too, and taking one twice changes nothing"
    )
    func bought() async throws {
        _ = try await recorded(3)
        let other = try ledger("other")
        var own = Self.call(1)
        own.reply.text = "ours"
        try await other.commit([.call(own)])
        for _ in 0..<2 { try await other.load(Cassette(in: folder + "/tape")) }

        #expect(try other.call(own.key)?.text == "ours")
        #expect(try other.spent().total == Spent(calls: 1, tokens: 100, nanoDollars: 5))
        #expect(try other.report().spending.imported == 2)
    }

    @Test("It is sorted by key, in several frames when it is large, and the same from whatever ledger")
    func bytes() async throws {
        let text = try await recorded(300, length: 20_000)
        let lines = text.split(separator: UInt8(ascii: "\n"))
        let keys = try lines.dropFirst().dropLast().map {
            try JSONValue(parsing: String(decoding: $0, as: UTF8.self))["key"]?.text ?? ""
        }

        #expect(text.count > 3 << 20)
        #expect(keys == keys.sorted() && keys.count == 300)
        #expect(String(decoding: lines[0], as: UTF8.self) == #"{"format":"corpusmith-cassette","version":1}"#)
        #expect(!String(decoding: text, as: UTF8.self).contains("internal.example.org"))
        let packed = try Data(contentsOf: URL(fileURLWithPath: folder + "/tape/cassette.jsonl.zst"))
        let other = try ledger("other")
        try await other.load(Cassette(in: folder + "/tape"))
        try other.record(to: folder + "/tape")
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/tape/cassette.jsonl.zst")) == packed)
    }

    @Test("No change to a single byte goes unnoticed, and the line is named")
    func changedBytes() async throws {
        let text = try await recorded(12)
        var random = RandomStream(seed: 3, purpose: ["damage"])
        #expect(try await problem(with: text) == nil)
        for _ in 0..<300 {
            let place = random.below(text.count)
            var changed = text
            changed[place] = UInt8(random.below(256))
            guard changed[place] != text[place] else { continue }
            let problem = try #require(try await problem(with: changed), "byte \(place)")
            #expect(problem.description.contains("/cassette.jsonl:"))
        }
    }

    @Test("A cassette that is cut short anywhere is refused")
    func cutShort() async throws {
        let text = try await recorded(6)
        for end in stride(from: 0, to: text.count - 1, by: 37) {
            #expect(try await problem(with: text[..<end]) != nil, "cut at \(end)")
        }
        let lines = text.split(separator: UInt8(ascii: "\n"))
        for count in 1..<lines.count {
            let problem = try #require(try await problem(with: lines[..<count].joined(separator: [10])))
            #expect(problem.description.contains(":\(count + 1): the cassette ends before its last line"))
        }
    }

    @Test(
        "A foreign, a newer and a rearranged cassette are each refused in words",
        arguments: [
            ("empty", CassetteProblem.Code.foreign, ":1: the cassette is empty and no cassette here"),
            ("other", .foreign, ":1: the cassette is no cassette here"),
            ("newer", .newer, ":1: the cassette has version 2; this program reads 1"),
            ("swapped", .damaged, ":3: the cassette is not sorted by key here"),
            ("doubled", .damaged, ":3: the cassette is not sorted by key here"),
            ("dropped", .damaged, ":4: the cassette ends with another count of replies here"),
            ("longer", .damaged, ":6: the cassette goes on behind its end here"),
        ]
    )
    func refused(kind: String, code: CassetteProblem.Code, words: String) async throws {
        var lines = try await recorded(3).split(separator: UInt8(ascii: "\n"))
        switch kind {
        case "empty": lines = []
        case "other": lines[0] = Array(#"{"id":"1","instruction":"x"}"#.utf8)[...]
        case "newer": lines[0] = Array(#"{"format":"corpusmith-cassette","version":2}"#.utf8)[...]
        case "swapped": lines.swapAt(1, 2)
        case "doubled": lines.insert(lines[1], at: 2)
        case "dropped": lines.remove(at: 2)
        default: lines.append(lines[1])
        }
        let problem = try #require(try await problem(with: lines.joined(separator: [10])))

        #expect(problem.code == code)
        #expect(problem.description.hasSuffix(words), "\(problem.description)")
        #expect(problem.hint != nil)
    }

    @Test("A folder without a cassette is said to have none")
    func missing() {
        let problem = #expect(throws: CassetteProblem.self) { try Cassette(in: folder + "/nothing") }
        #expect(problem?.code == .missing)
    }

    @Test("A cassette that cannot be written leaves the one that was there")
    func unwritable() async throws {
        let before = try await recorded(2)
        let ledger = try ledger("more")
        try await ledger.commit((0..<5).map { .call(Self.call($0)) })
        let path = folder + "/nowhere"
        #expect(throws: FileProblem.self) { try ledger.record(to: path) }
        #expect(!FileManager.default.fileExists(atPath: path))
        let after = try Zstd.decompress(
            Array(Data(contentsOf: URL(fileURLWithPath: folder + "/tape/cassette.jsonl.zst")))
        )
        #expect(after == before)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder + "/tape") == ["cassette.jsonl.zst"]
        )
    }
}
