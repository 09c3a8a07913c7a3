import CorpusModel
import Foundation
import TestSupport
import Testing

@testable import CorpusLedger

@Suite("Copies to rehearse on", .timeLimit(.minutes(5)))
struct RehearsalFolderTests {
    private let folder: String
    private var path: String { folder + "/ledger.sqlite" }

    init() throws {
        folder = NSTemporaryDirectory() + "corpusmith-rehearsals-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func begin() throws -> Ledger {
        try Ledger.begin(path: path, name: "t", recipe: "r", plan: ["nodes": []], product: "test", now: 0)
    }

    private func rehearse(in scratch: RehearsalFolder) throws -> Ledger {
        try Ledger.rehearse(
            path: path,
            in: scratch,
            name: "t",
            recipe: "r",
            plan: ["nodes": []],
            product: "test",
            now: 0
        )
    }

    private var remains: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder).filter {
                $0.hasPrefix(".corpusmith-rehearsal-")
            }
        }
    }

    @Test(
        "A folder that a process holds stays; one that nobody holds is removed by the next, and its own by each"
    )
    func sweeping() throws {
        let left = folder + "/.corpusmith-rehearsal-left"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: left + "/ledger.sqlite"))
        let first = try RehearsalFolder(in: folder)
        let second = try RehearsalFolder(in: folder)
        let both = try remains.count
        RehearsalFolder.sweep(folder)
        let still = try remains.count
        first.remove()
        second.remove()

        #expect(both == 2 && still == 2)
        #expect(first.path != second.path)
        #expect(try remains.isEmpty)
    }

    @Test("What is not ours or no folder is left alone")
    func strangers() throws {
        let (file, other) = (folder + "/.corpusmith-rehearsal-file", folder + "/.corpusmith")
        try Data().write(to: URL(fileURLWithPath: file))
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        let link = folder + "/.corpusmith-rehearsal-link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: other)
        RehearsalFolder.sweep(folder)

        #expect([file, other, link].allSatisfy(FileManager.default.fileExists))
    }

    @Test("A folder where nobody may write is refused in words")
    func noFolder() {
        let problem = #expect(throws: LedgerProblem.self) { try RehearsalFolder(in: folder + "/none") }
        #expect(problem?.code == .denied)
        #expect(problem?.description.hasPrefix("cannot make a folder in `\(folder)/none`") == true)
    }

    @Test("A copy sees the ledger's replies, takes outcomes of its own, and leaves the ledger as it was")
    func apart() async throws {
        let request = ModelRequest(model: "m", messages: [Message(.user, "1")], sampling: Sampling())
        let ledger = try begin()
        let stages = try ledger.number([Self.stage])
        try await ledger.commit([
            .call(
                CallRecord(
                    key: request.key,
                    model: "m",
                    endpoint: "e",
                    request: request.canonical,
                    reply: ModelReply(text: "yes"),
                    attempts: 1,
                    booked: 1,
                    cost: nil,
                    buyer: Buyer(role: "r", stage: nil)
                )
            ), .item(Self.item("old", stages)),
        ])
        try ledger.end(state: "done", now: 1)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        let scratch = try RehearsalFolder(in: folder)
        let copy = try rehearse(in: scratch)
        try await copy.commit([.item(Self.item("new", stages)), .visit(Self.key("old"), drops: 0)])

        #expect(copy.pass == 2)
        #expect(try copy.call(request.key)?.text == "yes")
        #expect(try copy.bought(request.key)?.lacksStage == false)
        #expect(try ledger.bought(request.key)?.lacksStage == true)
        #expect(try copy.item(Self.key("old")) != nil && copy.item(Self.key("new")) != nil)
        #expect(try ledger.item(Self.key("new")) == nil)
        #expect(try copy.spent().total.calls == 1)
        #expect(try copy.isUnfinished() == false)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        // Nothing can be bought there, by whatever mistake.
        await #expect(throws: LedgerProblem.self) {
            try await copy.commit([
                .execution(ExecutionRecord(key: request.key, job: [:], result: Self.result))
            ])
        }
        scratch.remove()
        #expect(try remains.isEmpty)
    }

    @Test("While a pass is at work its ledger can be copied, and goes on taking replies")
    func atWork() async throws {
        let ledger = try begin()
        let stages = try ledger.number([Self.stage])
        try await ledger.commit([.item(Self.item("old", stages))])
        let scratch = try RehearsalFolder(in: folder)
        let copy = try rehearse(in: scratch)
        try await ledger.commit([.item(Self.item("later", stages))])

        #expect(try copy.isUnfinished())
        #expect(try copy.item(Self.key("old")) != nil)
        #expect(try copy.item(Self.key("later")) == nil && ledger.item(Self.key("later")) != nil)
    }

    @Test(
        "A path with characters that mean something in an address is no hindrance",
        arguments: ["a b", "100%?#", "ä&=é"]
    )
    func oddPaths(name: String) async throws {
        let odd = folder + "/" + name
        try FileManager.default.createDirectory(atPath: odd, withIntermediateDirectories: true)
        let ledger = try Ledger.begin(
            path: odd + "/l.sqlite",
            name: "t",
            recipe: "r",
            plan: [:],
            product: "p",
            now: 0
        )
        let stages = try ledger.number([Self.stage])
        try await ledger.commit([.item(Self.item("old", stages))])
        let copy = try Ledger.rehearse(
            path: odd + "/l.sqlite",
            in: try RehearsalFolder(in: odd),
            name: "t",
            recipe: "r",
            plan: [:],
            product: "p",
            now: 0
        )
        #expect(try copy.item(Self.key("old")) != nil && copy.execution(Self.key("none")) == nil)
    }

    private static let stage = StageRecord(
        digest: Digest(of: "s"),
        name: "s",
        verb: "filter",
        plugin: "p",
        version: 1
    )

    private static let result = ExecutionResult(.ok, tests: [], total: 0, isolation: "none", toolchain: "")

    private static func key(_ name: String) -> ItemKey { ItemKey(deriving: [name]) }

    private static func item(_ name: String, _ stages: [Int]) -> ItemRecord {
        ItemRecord(key: key(name), stage: stages[0], input: nil, state: .kept)
    }
}
