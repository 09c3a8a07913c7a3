import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import TestSupport
import Testing

@Suite("Care of a ledger", .timeLimit(.minutes(5)))
struct LedgerCareTests {
    private static let recipe = TestRun.recipe.edited(
        "  rated:  { verify: toy-rate, from: tested,",
        to: "  ran: { verify: toy-run, from: tested }\n  rated:  { verify: toy-rate, from: ran,"
    )

    private func faults(of run: TestRun) throws -> [LedgerFault] {
        var faults: [LedgerFault] = []
        let check = try run.ledger().verify { faults.append($0) }
        #expect(check.faults == faults.count)
        return faults
    }

    @Test(
        "Everything that cannot be so is found, by table and key",
        arguments: [
            ("UPDATE item SET stage = 99 WHERE state = 2", "item", "its stage 99 is not there"),
            ("UPDATE item SET input = x'00' WHERE state = 2", "item", "its input 00 is not there"),
            ("UPDATE item SET reason = NULL WHERE state = 2", "item", "it ended as 2 and has no reason"),
            ("UPDATE item SET state = 12 WHERE state = 2", "item", "there is no state 12"),
            ("DELETE FROM item WHERE part = 1", "item", "drop 1 inside it, "),
            ("DELETE FROM item WHERE state = 0", "edge", "its item "),
            ("UPDATE edge SET root = x'00' WHERE position = 0", "edge", "its root 00 is not there"),
            (
                "UPDATE edge SET body = (SELECT body FROM edge ORDER BY id DESC) WHERE id = (SELECT min(id) FROM edge)",
                "edge", "its content is that of `smp_"
            ),
            ("UPDATE edge SET body = substr(body, 1, 20)", "edge", "its content is cut short"),
            (
                "UPDATE call SET request = (SELECT request FROM call WHERE id = 2) WHERE id = 1", "call",
                "its request has the key "
            ),
            (
                "UPDATE call SET reply = x'00' WHERE id = 1", "call",
                "its reply is no body and no digest of one"
            ),
            ("UPDATE call SET reply = 'xyz' WHERE id = 1", "", ""),
            ("UPDATE execution SET result = job", "execution", "its result is none"),
            ("UPDATE execution SET job = result", "execution", "its job is no program with tests"),
            ("DELETE FROM call WHERE id = 1", "trace", "the call "),
            ("DELETE FROM execution", "trace", "the execution "),
            (
                "UPDATE item SET evidence = json_set(evidence, '$[0].outcome', 'so-so')", "item",
                "there is no outcome so-so"
            ),
            (
                "UPDATE item SET evidence = json_remove(evidence, '$[0].outcome')", "item",
                "there is no outcome null"
            ),
            ("UPDATE item SET evidence = '[' WHERE evidence IS NOT NULL", "item", "its evidence is no JSON"),
            (
                "UPDATE pair SET id = 'pair_0' WHERE id = (SELECT min(id) FROM pair)", "pair",
                "its sides are those of `pair_"
            ),
            ("UPDATE pair SET chosen = x'00'", "pair", "its chosen 00 is not there"),
            ("UPDATE file SET pass = 9", "file", "its pass 9 is not there"),
            ("UPDATE item SET state = 6 WHERE state IN (7, 8)", "pass", "it is done, and "),
            ("DELETE FROM pass", "pass", "there is none, so this is no run"),
        ]
    )
    func tampering(sql: String, table: String, words: String) async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass(Self.recipe, sandbox: ToySandbox())
        #expect(try faults(of: run) == [])
        guard !table.isEmpty else {
            // The tables take no other types than their own.
            #expect(throws: (any Error).self) { try run.tamper(sql) }
            return
        }
        try run.tamper(sql)
        let found = try faults(of: run)

        #expect(found.contains { $0.table == table && $0.what.hasPrefix(words) }, "\(found.prefix(5))")
        if table != "pass" { #expect(found.filter { $0.table == table }.allSatisfy { !$0.key.isEmpty }) }
    }

    @Test("Pages that do not fit together are found, or the file is refused", arguments: 1...8)
    func damage(part: Int) async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass(Self.recipe, sandbox: ToySandbox())
        let file = URL(fileURLWithPath: run.folder + "/ledger.sqlite")
        var bytes = try Data(contentsOf: file)
        let page = bytes.count / 4096 * part / 9
        bytes.replaceSubrange(page * 4096..<(page * 4096 + 4096), with: Data(repeating: 0xA5, count: 4096))
        try bytes.write(to: file)
        do {
            #expect(try !faults(of: run).isEmpty)
        } catch let problem as LedgerProblem {
            #expect([.damaged, .foreign].contains(problem.code))
        }
    }

    @Test("Without bodies the account is the same, and a pass that needs none of them goes through")
    func droppedBodies() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (_, before) = try await run.pass(Self.recipe, sandbox: ToySandbox())
        let exports = try run.exports()
        let (rows, bytes) = try run.ledger().droppable(.all)
        let care = try Ledger.maintain(path: run.folder + "/ledger.sqlite")
        #expect(try care.drop(.all) == rows && rows > 48 && bytes > 0)
        #expect(try care.droppable(.all) == (0, 0))
        try care.compact()
        let sandbox = ToySandbox()
        let endpoint = ToyEndpoint()
        let (end, after) = try await run.pass(Self.recipe, endpoint: endpoint, sandbox: sandbox)
        let check = try run.ledger().verify { _ in }

        #expect(end.stop == nil && endpoint.calls == 0)
        #expect(after.counts == before.counts && after.spending == before.spending)
        #expect(try run.exports() == exports)
        #expect(check.faults == 0 && check.droppedBodies == rows * 2)
        let id = try #require(
            try run.ledger().rejects { reader in
                var id: String?
                try reader.forEach { if id == nil, $0.state == .fail { id = try reader.reject(at: $0).id } }
                return id
            }
        )
        let story = try run.ledger().story(of: id).joined()
        let calls = story.flatMap(\.made.calls)
        #expect(!calls.isEmpty && !calls.contains { !$0.isDropped })
    }

    @Test("A pass that needs a dropped reply buys nothing and says so, until a cassette brings it back")
    func restored() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass(Self.recipe, sandbox: ToySandbox())
        let reads = try run.ledger()
        #expect(try reads.record(toFile: run.folder + "/tape.jsonl").dropped == 0)
        do { try Ledger.maintain(path: run.folder + "/ledger.sqlite").drop(.all) }
        try run.tamper("DELETE FROM item WHERE stage = (SELECT id FROM stage WHERE name = 'solved')")
        let endpoint = ToyEndpoint()
        let (stopped, _) = try await run.pass(Self.recipe, endpoint: endpoint, sandbox: ToySandbox())
        guard case .ledger(let problem) = stopped.stop else {
            Issue.record("stopped by \(String(describing: stopped.stop))")
            return
        }
        #expect(problem.code == .dropped && problem.hint?.contains("ledger import") == true)

        let care = try Ledger.maintain(path: run.folder + "/ledger.sqlite")
        let calls = try care.report().spending.calls
        let cassette = try Cassette(file: run.folder + "/tape.jsonl")
        let take = try await care.load(cassette)
        let again = try await care.load(cassette)
        let sandbox = ToySandbox()
        let (end, report) = try await run.pass(Self.recipe, endpoint: endpoint, sandbox: sandbox)

        #expect(take.restored == calls && take.new + take.known + take.other == 0)
        #expect(again.known == calls && again.new + again.restored + again.other == 0)
        #expect(end.stop == nil && endpoint.calls == 0)
        #expect(report.spending.calls == calls && report.spending.imported == 0)
        #expect(try run.ledger().faults() == [])
    }

    @Test("Another reply to the same request does not take the place of one that is here, or was")
    func otherReplies() async throws {
        let (run, other) = (try TestRun(), try TestRun())
        defer {
            run.remove()
            other.remove()
        }
        _ = try await run.pass()
        let different = ToyEndpoint(instead: { request in
            EndpointReply(
                reply: ModelReply(text: "fine 6", usage: TokenUsage(input: 1, output: 1)),
                charge: Charge(tokens: 2),
                endpoint: "toy"
            )
        })
        _ = try await other.pass(endpoint: different)
        try other.ledger().record(toFile: other.folder + "/tape.jsonl")
        let cassette = try Cassette(file: other.folder + "/tape.jsonl")
        let care = try Ledger.maintain(path: run.folder + "/ledger.sqlite")
        let before = try await care.load(cassette)
        try care.drop(.calls)
        let after = try await care.load(cassette)

        #expect(before.other > 0 && before.other == after.other)
        #expect(before.new == 0 && after.known == 0 && after.restored == before.known)
    }

    @Test("Stats add up to what the ledger holds")
    func stats() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (_, report) = try await run.pass(Self.recipe, sandbox: ToySandbox())
        let stats = try run.ledger().stats()
        let bodies = Dictionary(uniqueKeysWithValues: stats.bodies.map { ($0.name, $0) })
        let rows = Dictionary(uniqueKeysWithValues: stats.tables.map { ($0.name, $0.rows) })
        let sizes = stats.tables.compactMap(\.bytes)

        #expect(stats.models.map(\.bought) == [report.spending.calls])
        #expect(stats.models.first?.inputTokens == report.spending.inputTokens)
        #expect(
            bodies["call.reply"]?.count == rows["call"] && bodies["execution.job"]?.count == rows["execution"]
        )
        #expect(bodies["sample.body"]?.count == rows["sample"])
        #expect(stats.bodies.allSatisfy { $0.dropped == 0 && ($0.count == 0 || $0.bytes > $0.count) })
        #expect(sizes.count == rows.count && sizes.reduce(0, +) <= stats.fileBytes)
        #expect(stats.passes.map(\.state) == ["done"] && stats.schema == 8)
    }

    @Test("Nothing is made of an empty or a missing file")
    func noLedger() throws {
        let run = try TestRun()
        defer { run.remove() }
        let path = run.folder + "/ledger.sqlite"
        #expect(try #require(throws: LedgerProblem.self) { try Ledger.maintain(path: path) }.code == .missing)
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(try #require(throws: LedgerProblem.self) { try Ledger.maintain(path: path) }.code == .foreign)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).isEmpty)
    }
}
