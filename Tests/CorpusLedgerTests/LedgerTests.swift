import CorpusModel
import Foundation
import GRDB
import TestSupport
import Testing

@testable import CorpusLedger

@Suite("Ledger", .timeLimit(.minutes(5)))
struct LedgerTests {
    private let folder: String
    private var path: String { folder + "/ledger.sqlite" }

    init() throws {
        folder = NSTemporaryDirectory() + "corpusmith-ledger-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func begin() throws -> Ledger {
        try Ledger.begin(path: path, name: "t", recipe: "r", plan: ["nodes": []], product: "test", now: 0)
    }

    private func call(_ number: Int, text: String = "reply") -> CallRecord {
        let request = ModelRequest(model: "m", messages: [Message(.user, "\(number)")], sampling: Sampling())
        return CallRecord(
            key: request.key,
            model: "m",
            endpoint: "e",
            request: request.canonical,
            reply: ModelReply(
                text: text,
                finish: .length,
                usage: TokenUsage(input: 5, cachedInput: 1, output: 7)
            ),
            attempts: 2,
            booked: 12,
            cost: 30,
            buyer: Buyer(role: "judge", stage: "s")
        )
    }

    @Test("A committed reply comes back whole, and the first one stays")
    func calls() async throws {
        let ledger = try begin()
        try await ledger.commit([.call(call(1, text: "first é\u{0}"))])
        try await ledger.commit([.call(call(1, text: "second"))])
        let reply = try ledger.call(call(1).key)

        #expect(reply?.text == "first é\u{0}")
        #expect(reply?.finish == .length)
        #expect(reply?.usage == TokenUsage(input: 5, cachedInput: 1, output: 7))
        #expect(try ledger.call(call(2).key) == nil)
        let spent = try ledger.spent().total
        #expect(spent.calls == 1 && spent.tokens == 12 && spent.nanoDollars == 30)
    }

    @Test("Many tasks share commits and none is lost", arguments: [1, 64, 500])
    func groupCommit(tasks: Int) async throws {
        let ledger = try begin()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<tasks {
                group.addTask { try await ledger.commit([.call(call(number))]) }
            }
            try await group.waitForAll()
        }
        #expect(try ledger.spent().total.calls == tasks)
    }

    @Test("A cancelled task's commit is kept all the same: it was paid")
    func cancelledCommit() async throws {
        let ledger = try begin()
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            try await ledger.commit([.call(call(1))])
        }
        try await task.value
        #expect(try ledger.spent().total.calls == 1)
    }

    @Test("Writing is as durable as SQLite can make it")
    func fullSynchronous() throws {
        let ledger = try begin()
        // FULL (2) is a setting of each connection: that of the writer counts.
        let level = try ledger.pool.writeWithoutTransaction {
            try Int.fetchOne($0, sql: "PRAGMA synchronous")
        }
        #expect(level == 2)
        let queue = try DatabaseQueue(path: path)
        #expect(try queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        #expect(try queue.read { try Int.fetchOne($0, sql: "PRAGMA application_id") } == 0x4353_4D4C)
    }

    @Test("A unit with drafts, drops, evidence and a trace is read back as it was written")
    func items() async throws {
        let ledger = try begin()
        let stage = try #require(
            try ledger.number([
                StageRecord(digest: Digest(of: "s"), name: "s", verb: "generate", plugin: "p", version: 1)
            ]).first
        )
        let parent = ItemKey(deriving: ["parent"])
        let content = Content(
            messages: [Message(.user, "q"), Message(.assistant, "a")],
            fields: ["code": "x"],
            labels: ["l": [1, 2.5]]
        )
        let draft = DraftRecord(
            key: ItemKey(deriving: ["child"]),
            parent: parent,
            content: content,
            note: "plain",
            task: parent,
            group: parent,
            origin: Origin(source: "src", path: "f", line: 3),
            licence: "MIT"
        )
        let item = ItemRecord(
            key: ItemKey(deriving: ["unit"]),
            stage: stage,
            input: parent,
            ordinal: 2,
            state: .expanded,
            drafts: [draft],
            drops: [DropRecord(reason: "no-gain", summary: "same", text: "t")],
            evidence: [Evidence("check", .pass, about: content.id, score: 0.5, detail: ["k": "v"])],
            trace: [TraceEntry(.call, call(1).key)]
        )
        try await ledger.commit([.call(call(1)), .item(item)])
        let stored = try #require(try ledger.item(item.key))

        #expect(stored.drafts == [draft])
        #expect(stored.drops == 1)
        #expect(stored.evidence == item.evidence)
        #expect(try ledger.draft(draft.key) == draft)
        #expect(try ledger.faults() == [])
    }

    @Test("What refers to nothing is found")
    func brokenRules() async throws {
        let ledger = try begin()
        let stage = try #require(
            try ledger.number([
                StageRecord(digest: Digest(of: "s"), name: "s", verb: "generate", plugin: "p", version: 1)
            ]).first
        )
        let item = ItemRecord(
            key: ItemKey(deriving: ["unit"]),
            stage: stage,
            input: nil,
            state: .dropped,
            reason: "x",
            trace: [TraceEntry(.call, call(9).key), TraceEntry(.execution, call(9).key)]
        )
        try await ledger.commit([.item(item)])
        #expect(
            try ledger.faults() == [
                "1 traces of calls that are not there", "1 traces of executions that are not there",
            ]
        )
    }

    @Test("What was charged without a reply is spent, in this pass and in all later ones")
    func charges() async throws {
        let ledger = try begin()
        try await ledger.commit([.call(call(1)), .call(call(2))])
        for _ in 0..<3 {
            let charge = ChargeRecord(
                call: call(3).key,
                model: "m",
                tokens: 100,
                cost: 7,
                buyer: Buyer(role: "m", stage: "s")
            )
            try await ledger.commit([.charge(charge)])
        }
        let spent = try ledger.spent().total
        #expect(spent.calls == 5 && spent.tokens == 324 && spent.nanoDollars == 81)
        let later = try begin()
        let again = try later.spent().total
        #expect(again.calls == 5 && again.tokens == 324 && again.nanoDollars == 81)
    }

    @Test("An older ledger is brought up to date by a run, keeps what is on it, and is not changed by a look")
    func upgrade() async throws {
        do { try await begin().commit([.call(call(1))]) }
        try await DatabaseQueue(path: path).write { database in
            EarlierSchema.prepare(database) { try BodyDictionary.content(of: $0) }
            try database.execute(sql: EarlierSchema.sql(backTo: 1))
        }
        #expect(try #require(throws: LedgerProblem.self) { try Ledger.read(path: path) }.code == .older)
        let ledger = try begin()
        #expect(try ledger.call(call(1).key)?.text == "reply")
        let spent = try ledger.spent().total
        #expect(spent.calls == 1 && spent.tokens == 12 && spent.nanoDollars == 30)
        #expect(try ledger.faults() == [])
        #expect(try ledger.spent().perRole == ["m": Spent(calls: 1, tokens: 12, nanoDollars: 30)])
    }

    @Test("A ledger of schema 2 learns who paid: the model, and the first stage that used the reply")
    func upgradeRoles() async throws {
        do {
            let ledger = try begin()
            let stages = try ledger.number(
                ["s", "t"].map {
                    StageRecord(digest: Digest(of: $0), name: $0, verb: "verify", plugin: "p", version: 1)
                }
            )
            let items = [1, 0].map { index in
                ItemRecord(
                    key: ItemKey(deriving: ["item", "\(index)"]),
                    stage: stages[index],
                    input: nil,
                    state: .passed,
                    trace: [TraceEntry(.call, call(1).key)]
                )
            }
            let charge = ChargeRecord(
                call: call(2).key,
                model: "m",
                tokens: 100,
                cost: nil,
                buyer: Buyer(role: "x", stage: "s")
            )
            try await ledger.commit(
                [.call(call(1)), .call(call(2)), .charge(charge)] + items.map { .item($0) }
            )
        }
        try await DatabaseQueue(path: path).write { database in
            EarlierSchema.prepare(database) { try BodyDictionary.content(of: $0) }
            try database.execute(sql: EarlierSchema.sql(backTo: 2))
        }
        let ledger = try begin()
        #expect(try ledger.spent().perRole == ["m": Spent(calls: 3, tokens: 124, nanoDollars: 60)])
        let stages = try await ledger.pool.read {
            try Row.fetchAll($0, sql: "SELECT key, stage FROM call").reduce(into: [:]) {
                $0[ItemKey(data: $1["key"])] = .some($1["stage"] as String?)
            }
        }
        #expect(stages == [call(1).key: "s", call(2).key: nil])
        #expect(try ledger.faults() == [])
    }

    @Test("What a killed pass had in flight counts as spent at its most, and nothing of one that ended")
    func marks() async throws {
        let most = Spent(calls: 8, tokens: 800, nanoDollars: 80)
        do {
            let killed = try begin()
            try await killed.commit([
                .call(call(1)), .mark(role: "judge", most: most),
                .mark(role: "judge", most: Spent(calls: 4, tokens: 900, nanoDollars: 40)),
            ])
            #expect(try killed.spent().unsure == Spent())
        }
        let next = try begin()
        try await next.commit([.mark(role: "m", most: most)])
        let spent = try next.spent()
        #expect(spent.unsure == Spent(calls: 8, tokens: 900, nanoDollars: 80))
        #expect(spent.total == Spent(calls: 9, tokens: 912, nanoDollars: 110))
        #expect(spent.perRole == ["judge": spent.total])
        try next.end(state: "interrupted", now: 0)
        #expect(try begin().spent().unsure == spent.unsure)
    }

    @Test("Each role's spending is known apart; a reply that two roles use was paid by the first")
    func roles() async throws {
        let ledger = try begin()
        var other = call(1)
        other.buyer = Buyer(role: "teacher", stage: "t")
        let charge = ChargeRecord(
            call: call(2).key,
            model: "m",
            tokens: 50,
            cost: nil,
            buyer: Buyer(role: "teacher", stage: "t")
        )
        var imported = call(3)
        imported.attempts = 0
        try await ledger.commit([.call(call(1)), .call(other), .charge(charge), .call(imported)])

        let spent = try begin().spent()
        #expect(spent.total == Spent(calls: 2, tokens: 62, nanoDollars: 30))
        #expect(
            spent.perRole == [
                "judge": Spent(calls: 1, tokens: 12, nanoDollars: 30), "teacher": Spent(calls: 1, tokens: 50),
            ]
        )
    }

    @Test(
        "A ledger that was lost, emptied or cut in its header beside its exports is not begun anew",
        arguments: [nil, 0, 1, 16, 99]
    )
    func lost(bytes: Int?) async throws {
        do { try await begin().commit([.call(call(1))]) }
        try Data().write(to: URL(fileURLWithPath: folder + "/report.json"))
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        if let bytes {
            try Data("SQLite format 3\0".utf8.prefix(bytes)).write(to: URL(fileURLWithPath: path))
        }

        #expect(try #require(throws: LedgerProblem.self) { try begin() }.code == .damaged)
        try FileManager.default.removeItem(atPath: folder + "/report.json")
        if bytes ?? 0 == 0 { _ = try begin() }
    }

    @Test(
        "A ledger that lost something from its end is refused before SQLite misses it",
        arguments: [1, 4096, 8192]
    )
    func shortened(bytes: Int) async throws {
        do {
            let ledger = try begin()
            try await ledger.commit(
                (0..<200).map { .call(call($0, text: String(repeating: "\($0) ", count: 90))) }
            )
            try ledger.end(state: "done", now: 1)
        }
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.dropLast(bytes).write(to: URL(fileURLWithPath: path))

        let problem = try #require(throws: LedgerProblem.self) { try begin() }
        #expect(problem.code == .damaged)
        #expect(
            problem.description.contains(
                "has \(whole.count - bytes) bytes and says that it had \(whole.count)"
            )
        )
        try whole.write(to: URL(fileURLWithPath: path))
        #expect(try begin().call(call(199).key) != nil)
    }

    @Test(
        "A ledger cut at any page is refused or reads what it still holds, and never as a new one",
        arguments: 1...12
    )
    func cut(part: Int) async throws {
        do {
            let ledger = try begin()
            try await ledger.commit(
                (0..<400).map { .call(call($0, text: String(repeating: "\($0) ", count: 50))) }
            )
            try ledger.end(state: "done", now: 1)
        }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let length = bytes.count * part / 13
        try bytes.prefix(length).write(to: URL(fileURLWithPath: path))
        let problem = #expect(throws: LedgerProblem.self) {
            let ledger = try begin()
            guard try ledger.faults().isEmpty else { throw LedgerProblem(.damaged, "") }
        }
        #expect([.damaged, .foreign].contains(problem?.code), "\(String(describing: problem))")
    }

    @Test("A foreign, a newer and a missing file are each refused in words")
    func wrongFiles() throws {
        try Data("not a database at all, but long enough to be looked at".utf8).write(
            to: URL(fileURLWithPath: path)
        )
        #expect(try #require(throws: LedgerProblem.self) { try begin() }.code == .foreign)

        try FileManager.default.removeItem(atPath: path)
        try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE other (x)") }
        #expect(try #require(throws: LedgerProblem.self) { try begin() }.code == .foreign)

        try FileManager.default.removeItem(atPath: path)
        do { _ = try begin() }
        try DatabaseQueue(path: path).write { try $0.execute(sql: "PRAGMA user_version = 99") }
        #expect(try #require(throws: LedgerProblem.self) { try begin() }.code == .future)

        #expect(
            try #require(throws: LedgerProblem.self) { try Ledger.read(path: folder + "/none.sqlite") }.code
                == .missing
        )
    }

    @Test("A second process on the same folder is told who has it")
    func lock() throws {
        let first = try RunLock(folder: folder)
        let problem = try #require(throws: LedgerProblem.self) { try RunLock(folder: folder) }
        withExtendedLifetime(first) {}
        #expect(problem.code == .busy)
        #expect(problem.description.contains("process \(ProcessInfo.processInfo.processIdentifier)"))
    }

    @Test("A lock is free again when its owner is gone")
    func lockReleased() throws {
        do { _ = try RunLock(folder: folder) }
        _ = try RunLock(folder: folder)
    }

    @Test("Who looks is told which process has the lock, and takes nothing from anybody")
    func lockHolder() throws {
        #expect(RunLock.holder(in: folder) == nil)
        do {
            let lock = try RunLock(folder: folder)
            defer { withExtendedLifetime(lock) {} }
            #expect(RunLock.holder(in: folder) == ProcessInfo.processInfo.processIdentifier)
            #expect(throws: LedgerProblem.self) { try RunLock(folder: folder) }
        }
        // The number still stands in the file.
        #expect(RunLock.holder(in: folder) == nil)
        _ = try RunLock(folder: folder)
    }

    @Test("Who looks keeps no run from beginning")
    func lockUnderEyes() async throws {
        _ = try RunLock(folder: folder)
        let folder = folder
        async let looks: Void = apart { for _ in 0..<5_000 { _ = RunLock.holder(in: folder) } }
        for _ in 0..<50 { #expect(throws: Never.self) { _ = try RunLock(folder: folder) } }
        await looks
    }

    @Test("A full disk is said to be full, and what was committed stays")
    func fullDisk() async throws {
        try await SmallDisk.lend(kibibytes: 4096 + 400, to: "LedgerTests/fullDisk") { disk in
            let ledger = try Ledger.begin(
                path: disk.path + "/l.sqlite",
                name: "t",
                recipe: "r",
                plan: ["nodes": []],
                product: "test",
                now: 0
            )
            var committed = 0
            let problem = await #expect(throws: LedgerProblem.self) {
                for number in 0..<2000 {
                    var random = RandomStream(seed: number, purpose: ["noise"])
                    let noise = (0..<200).map { _ in String(random.next(), radix: 36) }.joined()
                    try await ledger.commit([.call(call(number, text: noise))])
                    committed += 1
                }
            }
            #expect(problem?.code == .full)
            #expect(committed > 0)
            #expect(ledger.shortage?.code == .full)
            #expect(try ledger.spent().total.calls == committed)
        }
    }
}
