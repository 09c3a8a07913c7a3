import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("Ledgers that runs share", .timeLimit(.minutes(5)))
struct SharedLedgerTests {
    /// The bench's recipe with a shared ledger, which lies beside the folder of the recipe.
    private static func recipe(_ bench: Bench, _ text: String? = nil) -> String {
        (text ?? bench.recipe()) + "ledger: shared.sqlite\n"
    }

    private static func shared(_ bench: Bench) -> String { bench.folder + "/shared.sqlite" }

    private func started(_ text: ((Bench) -> String)? = nil) throws -> Bench {
        let bench = try Bench()
        try bench.write(Self.recipe(bench, text?(bench)), to: "recipe.yaml")
        return bench
    }

    // MARK: - What is bought

    @Test(
        "The same recipe in another folder buys nothing, exports the same bytes and says where replies came from"
    )
    func sameRecipe() async throws {
        let bench = try started()
        let first = try await bench.run()
        let calls = bench.calls
        let second = try await bench.run("--output", "output/second")
        let report = try await bench.report(of: "output/second")
        let text = try await Program.run("report", "output/second", folder: bench.folder).output

        #expect(first.code == 0 && second.code == 0, "\(first.errors) \(second.errors)")
        #expect(calls == 24 && bench.calls == calls)
        #expect(try bench.exports(of: "output/second") == bench.exports())
        #expect(report["spending"]?["calls"]?.whole == 0 && report["spending"]?["shared"]?.whole == 24)
        #expect(report["costs"]?["usd"]?.real == 0)
        #expect(text.contains("on the ledger from the shared ledger: 24 replies"), "\(text)")
        #expect(try await bench.ledger("verify", "output/second").code == 0)
    }

    @Test("A second recipe over the same seeds buys what its own stage asks, and nothing else")
    func otherStage() async throws {
        let bench = try started { MoneyTests.recipe($0, budget: "tokens: 1000000") }
        let first = try await bench.run()
        let calls = bench.calls
        let text = try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
        try bench.write(
            text.edited("name: bench", to: "name: other").edited("max_tokens: 90", to: "max_tokens: 80"),
            to: "recipe.yaml"
        )
        let second = try await bench.run()
        let report = try await bench.report(of: "output/other")

        #expect(first.code == 0 && second.code == 0, "\(first.errors) \(second.errors)")
        #expect(calls == 48 && bench.calls == 72)
        #expect(report["spending"]?["calls"]?.whole == 24 && report["spending"]?["shared"]?.whole == 24)
        #expect(Set(bench.server.bodies.filter { !$0.key.isEmpty }.values) == [1])
        let stages = try #require(report["costs"]?["stages"]?.elements)
        #expect(stages.map { $0["stage"]?.text } == ["again"])
    }

    @Test("What a plan says that a second recipe takes from the shared ledger and buys is what its run does")
    func planned() async throws {
        let bench = try started { MoneyTests.recipe($0, budget: "tokens: 1000000") }
        let before = try await Program.run("plan", "recipe.yaml", folder: bench.folder)
        _ = try await bench.run()
        let text = try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
        try bench.write(
            text.edited("name: bench", to: "name: other").edited("max_tokens: 90", to: "max_tokens: 80"),
            to: "recipe.yaml"
        )
        let calls = bench.calls
        let plan = try await Program.run("plan", "recipe.yaml", folder: bench.folder)
        let whole = try JSONValue(
            parsing: try await Program.run("plan", "recipe.yaml", "--json", folder: bench.folder).output
        )
        let reuse = try #require(whole["reuse"])
        let isUntouched = !FileManager.default.fileExists(atPath: bench.folder + "/output/other")
        let planned = bench.calls
        let second = try await bench.run()

        #expect(before.output.contains("shared ledger: shared.sqlite, which is not there yet"))
        #expect(!before.output.contains("with what is on the ledger"))
        #expect(plan.code == 0 && planned == calls && isUntouched, "\(plan.errors)")
        #expect(
            plan.output.contains("with what is on the ledger shared.sqlite\n"),
            "\(plan.output)"
        )
        #expect(reuse["ledgers"]?.elements?.map(\.text) == ["shared.sqlite"])
        #expect(reuse["replies"]?["reused"]?["least"]?.whole == 24, "\(plan.output)")
        #expect(reuse["replies"]?["bought"]?["about"]?.whole == 24, "\(plan.output)")
        #expect(reuse["executions"]?["reused"]?["least"]?.whole == 19, "\(plan.output)")
        #expect(second.code == 0 && bench.calls == calls + 24, "\(second.errors)")
    }

    @Test("A plan looks into a shared ledger that another process fills, and into a shard's run")
    func plannedBeside() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 26 { gate.pass() }
            return Bench.model(request)
        }
        let text = Self.recipe(bench)
        try bench.write(text, to: "recipe.yaml")
        _ = try await bench.run()
        try bench.write(text.edited("max_tokens: 100", to: "max_tokens: 90"), to: "other.yaml")
        let filling = try Program.start(
            ["run", "other.yaml", "--output", "output/other"],
            folder: bench.folder
        )
        await bench.server.received(28)
        let beside = try await Program.run(
            "plan",
            "recipe.yaml",
            "--output",
            "output/second",
            "--shard",
            "1/2",
            folder: bench.folder
        )
        gate.open()
        let filled = try await filling.end()
        try FileManager.default.removeItem(atPath: Self.shared(bench))
        let shard = try await Program.run("plan", "recipe.yaml", "--shard", "1/2", folder: bench.folder)

        #expect(filled.code == 0, "\(filled.errors)")
        #expect(beside.output.contains("with what is on the ledger shared.sqlite\n"))
        #expect(shard.output.contains("with what is on the ledger output/bench/ledger.sqlite\n"))
        for plan in [beside, shard] {
            #expect(plan.code == 0, "\(plan.errors)")
            #expect(plan.output.contains("reuses all 16 replies; buys none"), "\(plan.output)")
        }
    }

    @Test("Programs that one run has run are not run by another")
    func executions() async throws {
        let bench = try started()
        _ = try await bench.run()
        let (shared, second) = (Self.shared(bench), bench.ledgerFile(of: "output/second"))
        let known = LedgerFile.count("execution", in: shared)
        // A result that only the shared ledger can have given.
        try LedgerFile.change(
            shared,
            """
            UPDATE execution SET result = (SELECT e.result FROM execution e WHERE e.result <> execution.result
                ORDER BY e.id LIMIT 1) WHERE id = 1
            """
        )
        let end = try await bench.run("--output", "output/second")
        let job: Data? = try LedgerFile.value("SELECT key FROM execution WHERE id = 1", in: shared)
        let key = try #require(job).map { String(format: "%02x", $0) }.joined()
        let result = "SELECT hex(result) FROM execution WHERE key = x'\(key)'"
        let (there, here): (String?, String?) = (
            try LedgerFile.value(result, in: shared), try LedgerFile.value(result, in: second)
        )

        #expect(end.code == 0, "\(end.errors)")
        #expect(known > 0 && known == LedgerFile.count("execution", in: bench.ledgerFile()))
        #expect(there != nil && there == here)
    }

    @Test("A run that had no shared ledger yet brings all that it has bought when it gets one")
    func joining() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        try bench.write(Self.recipe(bench), to: "recipe.yaml")
        let joined = try await bench.run()
        let other = try await bench.run("--output", "output/second")

        #expect(joined.code == 0 && other.code == 0, "\(joined.errors) \(other.errors)")
        #expect(bench.calls == 24)
        #expect(try bench.rows(of: "output/second") == bench.rows())
    }

    @Test("A body that was dropped counts as not there, and the reply that is bought then takes its place")
    func droppedBodies() async throws {
        let bench = try started()
        _ = try await bench.run()
        let vacuum = try await bench.ledger("vacuum", "shared.sqlite", "--drop-bodies", "all", "--yes")
        let second = try await bench.run("--output", "output/second")
        let third = try await bench.run("--output", "output/third")

        #expect(vacuum.code == 0 && second.code == 0 && third.code == 0, "\(second.errors) \(third.errors)")
        #expect(bench.calls == 48)
        #expect(try await bench.report(of: "output/second")["spending"]?["calls"]?.whole == 24)
        #expect(try await bench.report(of: "output/third")["spending"]?["shared"]?.whole == 24)
    }

    @Test("A reply that a run's own ledger dropped comes back from the shared one, and is not bought")
    func droppedHere() async throws {
        let bench = try started()
        _ = try await bench.run()
        _ = try await bench.ledger("vacuum", "output/bench", "--drop-bodies", "all", "--yes")
        try LedgerFile.change(bench.ledgerFile(), "DELETE FROM item WHERE stage = 2")
        let before = try bench.rows()
        let end = try await bench.run()

        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == 24)
        #expect(try bench.rows() == before)
    }

    // MARK: - Kills

    @Test(
        "A run killed between its own commit and that of the shared ledger makes up for it, and buys nothing twice"
    )
    func killedBetween() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            gate.pass()
            return Bench.model(request)
        }
        try bench.write(Self.recipe(bench), to: "recipe.yaml")
        let (own, shared) = (bench.ledgerFile(), Self.shared(bench))
        let running = try bench.start()
        await bench.server.received(4)
        try await LedgerFile.holding(shared) {
            gate.open()
            await until { LedgerFile.count("call", in: own) >= 4 }
            running.signal(SIGKILL)
            _ = try await running.end()
        }
        let (kept, asked) = (LedgerFile.count("call", in: own), bench.calls)
        let carried = LedgerFile.count("call", in: shared)
        let end = try await bench.run()
        let other = try await bench.run("--output", "output/second")

        #expect(kept >= 4 && carried == 0)
        #expect(end.code == 0 && other.code == 0, "\(end.errors) \(other.errors)")
        #expect(bench.calls <= 24 + asked - kept)
        #expect(LedgerFile.count("call", in: shared) == 24)
        #expect(try bench.rows(of: "output/second") == bench.rows())
    }

    @Test(
        "Runs killed at drawn moments go on to the same bytes, and only what was in flight is bought twice",
        arguments: 1...4
    )
    func killed(seed: Int) async throws {
        let reference = try Bench()
        _ = try await reference.run()
        let bench = try started()
        var random = RandomStream(seed: seed, purpose: ["moments"])
        var inFlight = 0
        for folder in ["output/bench", "output/second", "output/bench"] {
            let moment = bench.server.requests.count + 1 + random.below(8)
            _ = try await bench.start(["--output", folder]).killed(after: moment, at: bench.server)
            // What one had just paid for and not shared yet, the other may buy as well.
            inFlight = bench.calls - LedgerFile.count("call", in: Self.shared(bench))
        }
        let end = try await bench.run()
        let other = try await bench.run("--output", "output/second")

        #expect(end.code == 0 && other.code == 0, "\(end.errors) \(other.errors)")
        #expect(bench.calls <= 24 + inFlight)
        #expect(try bench.rows() == reference.rows())
        #expect(try bench.rows(of: "output/second") == reference.rows())
        #expect(try await bench.ledger("verify", "shared.sqlite").code == 0)
    }

    // MARK: - Two at once

    @Test("A second run at once is refused with 75 and the number of the first, or waits until that is done")
    func twoAtOnce() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        try bench.write(Self.recipe(bench), to: "recipe.yaml")
        let first = try bench.start()
        await bench.server.received(8)
        let refused = try await bench.run("--output", "output/second")
        let vacuum = try await bench.ledger("vacuum", "shared.sqlite")
        let patient = try bench.start(["--output", "output/second", "--wait"])
        await patient.said("waiting: process \(first.identifier) is working with the ledger `shared.sqlite`")
        let impatient = try bench.start(["--output", "output/third", "--wait"])
        await impatient.said("waiting: ")
        impatient.signal(SIGINT)
        let interrupted = try await impatient.end()
        gate.open()
        let (done, waited) = (try await first.end(), try await patient.end())

        #expect(refused.code == 75)
        let sentence =
            "error[ledger-shared-busy]: process \(first.identifier) is working with the ledger `shared.sqlite`"
        #expect(refused.errors.contains(sentence), "\(refused.errors)")
        #expect(vacuum.code == 75 && vacuum.errors.contains(sentence), "\(vacuum.errors)")
        #expect(interrupted.code == 130 && interrupted.errors.contains("interrupted: nothing was begun"))
        #expect(done.code == 0 && waited.code == 0, "\(done.errors) \(waited.errors)")
        #expect(bench.calls == 24)
        #expect(try bench.rows(of: "output/second") == bench.rows())
    }

    @Test("--wait waits for another run in the same folder as well")
    func sameFolder() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        let first = try bench.start()
        await bench.server.received(8)
        let patient = try bench.start(["--wait"])
        await patient.said("waiting: process \(first.identifier) is working in `output/bench`")
        gate.open()
        let (done, waited) = (try await first.end(), try await patient.end())

        #expect(done.code == 0 && waited.code == 0, "\(done.errors) \(waited.errors)")
        #expect(bench.calls == 24)
    }

    @Test("A run that was killed holds nothing")
    func killedHolder() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        try bench.write(Self.recipe(bench), to: "recipe.yaml")
        let first = try bench.start()
        await bench.server.received(8)
        first.signal(SIGKILL)
        _ = try await first.end()
        gate.open()
        let end = try await bench.run("--output", "output/second")

        #expect(end.code == 0, "\(end.errors)")
        #expect(Bench.addsUp(try await bench.report(of: "output/second")))
    }
}
