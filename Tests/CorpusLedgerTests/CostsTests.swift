import CorpusModel
import Foundation
import TestSupport
import Testing

@testable import CorpusLedger

@Suite("What a report says of costs", .timeLimit(.minutes(5)))
struct CostsTests {
    private let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "corpusmith-costs-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func call(
        _ number: Int,
        _ role: String,
        _ stage: String?,
        usage: TokenUsage? = TokenUsage(input: 10, cachedInput: 4, output: 3),
        cost: Int? = 70,
        attempts: Int = 1
    ) -> LedgerEntry {
        let request = ModelRequest(model: "m", messages: [Message(.user, "\(number)")], sampling: Sampling())
        return .call(
            CallRecord(
                key: request.key,
                model: "m",
                endpoint: "e",
                request: request.canonical,
                reply: ModelReply(text: "r", usage: usage),
                attempts: attempts,
                booked: usage?.total ?? 100,
                cost: cost,
                buyer: Buyer(role: role, stage: stage)
            )
        )
    }

    private func charge(_ role: String, _ stage: String?, cost: Int?) -> LedgerEntry {
        let key = ItemKey(deriving: ["lost"])
        return .charge(
            ChargeRecord(
                call: key,
                model: "m",
                tokens: 40,
                cost: cost,
                buyer: Buyer(role: role, stage: stage)
            )
        )
    }

    private func report(_ entries: [LedgerEntry]) async throws -> RunReport {
        let ledger = try Ledger.begin(
            path: folder + "/ledger.sqlite",
            name: "t",
            recipe: "r",
            plan: ["nodes": []],
            product: "test",
            now: 0
        )
        try await ledger.commit(entries)
        return try ledger.report()
    }

    @Test("Roles and stages each add up to the whole, unanswered attempts included")
    func sums() async throws {
        let report = try await report([
            call(1, "teacher", "solved"), call(2, "teacher", "judged"), call(3, "judge", "judged"),
            charge("judge", "judged", cost: 5), charge("tester", "tested", cost: 6),
            call(4, "teacher", "solved", attempts: 0),
        ])

        #expect(report.costs.roles.map(\.name) == ["judge", "teacher", "tester"])
        #expect(report.costs.stages.map(\.name) == ["judged", "solved", "tested"])
        for shares in [report.costs.roles, report.costs.stages] {
            #expect(shares.map(\.calls).reduce(0, +) == 3)
            #expect(shares.compactMap(\.inputTokens).reduce(0, +) == 30)
            #expect(shares.compactMap(\.cachedTokens).reduce(0, +) == 12)
            #expect(shares.compactMap(\.outputTokens).reduce(0, +) == 9)
            #expect(shares.map(\.bookedTokens).reduce(0, +) == 39)
            #expect(shares.compactMap(\.fullCost).reduce(0, +) == report.fullCost)
            #expect(shares.map(\.unanswered.calls).reduce(0, +) == 2)
        }
        #expect(report.fullCost == 3 * 70 + 11)
        #expect(report.spending.calls == 3 && report.spending.imported == 1)
        let judge = report.costs.roles[0]
        #expect(judge.fullCost == 75 && judge.unanswered.tokens == 40)
    }

    @Test("What is not known is null, in its share and in the whole, and never 0")
    func unknown() async throws {
        let report = try await report([
            call(1, "teacher", "solved"), call(2, "judge", nil, usage: nil, cost: nil),
            charge("teacher", nil, cost: nil),
        ])
        let (judge, teacher) = (report.costs.roles[0], report.costs.roles[1])

        #expect(judge.cost == nil && judge.inputTokens == nil && judge.outputTokens == nil)
        #expect(judge.cachedTokens == nil && judge.bookedTokens == 100)
        #expect(teacher.cost == 70 && teacher.fullCost == nil)
        #expect(report.fullCost == nil && report.spending.inputTokens == nil)
        #expect(report.costs.stages.map(\.name) == ["solved", nil])
        let json = report.json["costs"]
        #expect(json?["usd"] == .null && json?["usd_per_exported"] == .null)
        #expect(json?["roles"]?.elements?.first?["usd"] == .null)
        #expect(json?["roles"]?.elements?.first?["input_tokens"] == .null)
        #expect(json?["stages"]?.elements?.last?["stage"] == .null)
    }

    @Test("Nothing bought costs nothing, and a sample that is not there has no price")
    func nothing() async throws {
        let report = try await report([])

        #expect(report.fullCost == 0 && report.costPerExported == nil)
        #expect(report.costs.roles.isEmpty && report.spending.inputTokens == 0)
    }
}
