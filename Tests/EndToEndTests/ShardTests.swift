import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("Runs in shards", .timeLimit(.minutes(5)))
struct ShardTests {
    // MARK: - The same corpus

    @Test(
        "Shards in any order, merged and run to the end, give the bytes, counts and costs of a run in one piece",
        arguments: [["1/1"], ["1/2", "2/2"], ["2/2", "1/2"], ["3/3", "1/3", "2/3"]]
    )
    func sameCorpus(shards: [String]) async throws {
        let bench = try Bench.sharded()
        let expected = try await bench.reference()
        var (seeds, calls, dollars) = (0, 0, 0.0)
        for shard in shards {
            let end = try await bench.run("--shard", shard)
            let report = try await bench.report(of: Bench.folder(of: shard))
            let counts = try #require(report["counts"])
            #expect(end.code == 0, "\(end.errors)")
            #expect(report["state"]?.text == "done (shard)" && report["shard"]?.text == shard)
            #expect(
                !FileManager.default.fileExists(
                    atPath: bench.folder + "/" + Bench.folder(of: shard) + "/export"
                )
            )
            // All that passed waits for the selector.
            #expect(counts["exported"]?.whole == 0)
            let dropped = counts["dropped"]?.members?.values.compactMap(\.whole).reduce(0, +) ?? 0
            #expect(counts["candidates"]?.whole == dropped + (counts["open"]?.whole ?? 0))
            #expect(try await bench.ledger("verify", Bench.folder(of: shard)).code == 0)
            seeds += report["seeds"]?.whole ?? 0
            calls += Bench.paid(report).calls
            dollars += Bench.paid(report).dollars
        }
        let asked = bench.calls
        let merged = try await bench.merge("recipe.yaml", "--json")
        let (between, json) = (try await bench.report(), try merged.json)
        let end = try await bench.run()
        let report = try await bench.report()

        #expect(merged.code == 0 && end.code == 0, "\(merged.errors) \(end.errors)")
        #expect(asked == 72 && bench.calls == asked)
        #expect(try bench.exports() == expected.exports)
        #expect(between["state"]?.text == "merged" && between["counts"] == json["counts"])
        #expect(between["counts"]?["open"]?.whole ?? 0 > 0)
        #expect(report["counts"] == expected.report["counts"] && report["pairs"] == expected.report["pairs"])
        #expect(seeds == 9 && report["seeds"]?.whole == 9)
        #expect(calls == 36 && Bench.paid(report).calls == 36)
        #expect(
            abs(dollars - Bench.paid(report).dollars) < 1e-12
                && Bench.paid(report).dollars == Bench.paid(expected.report).dollars
        )
        #expect(report["merged_shards"]?.elements?.compactMap(\.text) == shards.sorted())
        #expect(try await bench.ledger("verify", "output/bench").code == 0)
    }

    @Test(
        "Recipes of other shapes come out the same: no selector, a generator and a group behind one, two ways to one stage",
        arguments: [
            {
                $0.edited(
                    "unique: { select: exact-duplicates, from: rated }",
                    to: "unique: { filter: decontaminate, from: rated, options: { against: [humaneval] } }"
                )
            },
            {
                $0.edited("solved: {", to: "first: { select: exact-duplicates, from: tasks }\n  solved: {")
                    .edited("solve, from: tasks", to: "solve, from: first")
            },
            {
                $0.edited(
                    "tested: {",
                    to:
                        "again: { generate: solve, from: tasks, model: student, options: { attempts: 2 } }\n  tested: {"
                ).edited("tests, from: solved", to: "tests, from: [solved, again]")
            },
            {
                $0.edited("  rated:", to: "  some: { select: exact-duplicates, from: tested }\n  rated:")
                    .edited("pass-rate, from: tested", to: "pass-rate, from: some")
            },
        ] as [@Sendable (String) -> String]
    )
    func otherShapes(change: @escaping @Sendable (String) -> String) async throws {
        let bench = try Bench.sharded(changing: change)
        let expected = try await bench.reference()
        let asked = bench.calls
        for shard in ["1/2", "2/2"] {
            let end = try await bench.run("--shard", shard)
            #expect(end.code == 0, "\(end.errors)")
        }
        let merged = try await bench.merge("recipe.yaml")
        let end = try await bench.run()

        #expect(merged.code == 0 && end.code == 0, "\(merged.errors) \(end.errors)")
        #expect(try bench.exports() == expected.exports)
        #expect(try await bench.report()["counts"] == expected.report["counts"])
        #expect(bench.calls == 2 * asked)
        #expect(try await bench.ledger("verify", "output/bench").code == 0)
    }

    @Test("With a target the shards read as far as their part takes, and the run chooses as it would alone")
    func target() async throws {
        let bench = try Bench.sharded(changing: { $0 + "target: { accepted: 6, at: unique }\n" })
        let expected = try await bench.reference()
        for shard in ["1/2", "2/2"] { #expect(try await bench.run("--shard", shard).code == 0) }
        let asked = bench.calls
        let merged = try await bench.merge("recipe.yaml")
        let end = try await bench.run()

        #expect(merged.code == 0 && end.code == 0, "\(merged.errors) \(end.errors)")
        #expect(bench.calls == asked)
        #expect(try bench.exports() == expected.exports)
        #expect(try await bench.report()["counts"] == expected.report["counts"])
    }

    @Test("Seeds that are added later fall to their shards, and those that were there stay where they are")
    func moreSeeds() async throws {
        let bench = try Bench.sharded(tasks: (1...6).map(Bench.task))
        _ = try await bench.run("--shard", "1/2")
        _ = try await bench.run("--shard", "2/2")
        let asked = bench.calls
        try bench.write((1...9).reversed().map(Bench.task).joined(separator: "\n"), to: "seeds.jsonl")
        for shard in ["1/2", "2/2"] { #expect(try await bench.run("--shard", shard).code == 0) }

        #expect(asked == 24 && bench.calls == 36)
    }

    // MARK: - Kills

    @Test(
        "Shards killed at drawn moments, and a merge killed in its middle, come out the same",
        arguments: 1...3
    )
    func killed(seed: Int) async throws {
        let bench = try Bench.sharded()
        let expected = try await bench.reference()
        var random = RandomStream(seed: seed, purpose: ["moments"])
        let begun = bench.calls
        var inFlight = 0
        for shard in ["1/2", "2/2"] {
            for _ in 0..<2 {
                let moment = bench.server.requests.count + 1 + random.below(8)
                _ = try await bench.start(["--shard", shard]).killed(after: moment, at: bench.server)
            }
            let paths = ["1/2", "2/2"].map { bench.ledgerFile(of: Bench.folder(of: $0)) }
            inFlight = bench.calls - begun - LedgerFile.bought(in: paths).count
        }
        // One goes on to its end, the other is merged as it is.
        #expect(try await bench.run("--shard", "1/2").code == 0)
        let own = bench.ledgerFile()
        for table in ["pass", "call", "item"] {
            let merge = try Program.start(["merge", "recipe.yaml"], folder: bench.folder)
            await until { LedgerFile.count(table, in: own) > 0 }
            merge.signal(SIGKILL)
            let end = try await merge.end()
            guard end.code != 0 else { break }
            let early = try await bench.run()
            // Killed when all was there, it had nothing left to do.
            if early.code == 0 { break }
            #expect(early.errors.hasPrefix("error[unmerged-shards]"), "\(early.errors)")
        }
        let merged = try await bench.merge("recipe.yaml")
        let end = try await bench.run()
        let report = try await bench.report()

        #expect(merged.code == 0 && end.code == 0, "\(merged.errors) \(end.errors)")
        let last = "SELECT state FROM pass ORDER BY id DESC"
        let state: String? = try LedgerFile.value(last, in: bench.ledgerFile(of: Bench.folder(of: "2/2")))
        #expect(
            merged.errors.contains("shard 2/2 has not done its part (it was killed): the run does the rest")
                == (state == "running")
        )
        #expect(try bench.exports() == expected.exports)
        #expect(report["counts"] == expected.report["counts"])
        #expect(bench.calls - begun <= 36 + inFlight)
        #expect(report["spending"]?["calls"]?.whole == 36)
        let owed = LedgerFile.count(
            "mark JOIN pass ON id = pass",
            in: own,
            where: "state = 'running' AND calls > 0"
        )
        #expect(end.errors.contains("an earlier pass was killed") == (owed > 0), "\(end.errors)")
        #expect(try await bench.ledger("verify", "output/bench").code == 0)
    }

    // MARK: - What has been done and what has not

    @Test(
        "A shard takes from its run what that has bought and run, and what the run has spent counts for its caps"
    )
    func afterRun() async throws {
        let bench = try Bench.sharded(changing: {
            $0.edited("tokens: 1000000", to: "tokens: 1000000, calls: 10")
        })
        let stopped = try await bench.run()
        let bought = bench.calls
        let capped = try await bench.run("--shard", "1/2")
        let status = try await Program.run(
            "ctl",
            "status",
            Bench.folder(of: "1/2"),
            "--json",
            folder: bench.folder
        ).json
        let atCap = bench.calls
        try bench.write(
            bench.recipe(extra: ", price: { input: 1, output: 2 }"),
            to: "recipe.yaml"
        )
        for shard in ["1/2", "2/2"] { _ = try await bench.run("--shard", shard) }
        let merged = try await bench.merge("recipe.yaml")
        let end = try await bench.run()
        let expected = bench.calls
        let whole = try await bench.reference()

        #expect(stopped.code == 75 && bought == 10, "\(stopped.errors)")
        // Of ten calls ten are made: five of them count as this shard's, which has five.
        #expect(capped.code == 75 && atCap == 10, "\(capped.errors)")
        #expect(status["budget"]?["calls"]?["cap"]?.whole == 5, "\(status)")
        #expect(merged.code == 0 && end.code == 0, "\(merged.errors) \(end.errors)")
        #expect(expected == 36, "\(merged.output)")
        #expect(try bench.exports() == whole.exports)
        let report = try await bench.report()
        #expect(Bench.paid(report).calls == 36)
    }

    @Test("A pass that was merged while it was at work is merged again when it has ended")
    func mergedTooEarly() async throws {
        let bench = try Bench.sharded()
        for shard in ["1/2", "2/2"] { _ = try await bench.run("--shard", shard) }
        let ledger = bench.folder + "/" + Bench.folder(of: "2/2") + "/ledger.sqlite"
        // As in a copy that was made too early.
        try LedgerFile.change(ledger, "UPDATE pass SET state = 'running', ended = NULL")
        let early = try await bench.merge("recipe.yaml")
        try LedgerFile.change(ledger, "UPDATE pass SET state = 'done (shard)', ended = 1")
        let plan = try await Program.run("plan", "recipe.yaml", folder: bench.folder)
        let refused = try await bench.run()
        let again = try await bench.merge("recipe.yaml")
        let more = try await bench.merge("recipe.yaml")
        let end = try await bench.run()

        #expect(early.code == 0 && again.code == 0, "\(early.errors) \(again.errors)")
        #expect(plan.output.contains("note: `output/bench/shards/2-of-2` has work"), "\(plan.output)")
        #expect(refused.code == 2 && refused.errors.contains("error[unmerged-shards]"), "\(refused.errors)")
        #expect(more.output.contains("nothing new"), "\(more.output)")
        let report = try await bench.report()
        #expect(end.code == 0 && Bench.paid(report).calls == 36, "\(end.errors)")
    }

    @Test(
        "A shard that is run again after the merge buys nothing, and the run waits until it is merged again"
    )
    func again() async throws {
        let bench = try Bench.sharded()
        let expected = try await bench.reference()
        for shard in ["1/2", "2/2"] { _ = try await bench.run("--shard", shard) }
        let early = try await bench.run()
        let first = try await bench.merge("recipe.yaml")
        let second = try await bench.merge("output/bench")
        let whole = try await bench.run()
        let asked = bench.calls
        let again = try await bench.run("--shard", "2/2")
        let refused = try await bench.run()
        let replayed = try await bench.run("--replay")
        let third = try await bench.merge("output/bench")
        let end = try await bench.run()

        #expect(early.code == 2 && early.errors.contains("error[unmerged-shards]"), "\(early.errors)")
        #expect(early.errors.contains("`output/bench/shards/1-of-2`, `output/bench/shards/2-of-2` have work"))
        #expect(
            first.code == 0 && second.output == "bench: nothing new, 2 shards merged before\n",
            "\(second.output)"
        )
        #expect(whole.code == 0 && again.code == 0, "\(whole.errors) \(again.errors)")
        #expect(refused.code == 2 && refused.errors.contains("`output/bench/shards/2-of-2` has work"))
        #expect(replayed.code == 0 && third.code == 0 && end.code == 0, "\(third.errors) \(end.errors)")
        #expect(bench.calls == asked)
        #expect(try bench.exports() == expected.exports)
        let report = try await bench.report()
        #expect(report["counts"] == expected.report["counts"])
        #expect(Bench.paid(report).calls == 36)
        #expect(try await bench.ledger("verify", "output/bench").code == 0)
    }

    @Test("Missing and stopped shards are named, and the run does what they would have done")
    func incomplete() async throws {
        let bench = try Bench.sharded()
        let expected = try await bench.reference()
        let begun = bench.calls
        #expect(try await bench.run("--shard", "1/3").code == 0)
        let whole = try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
        try bench.write(whole.edited("tokens: 1000000", to: "calls: 6"), to: "recipe.yaml")
        let poor = try await bench.run("--shard", "3/3")
        try bench.write(whole, to: "recipe.yaml")
        let merged = try await bench.merge("recipe.yaml", "--json")
        let end = try await bench.run()
        let json = try merged.json

        #expect(poor.code == 75 && poor.errors.contains("the budget of 2 calls"), "\(poor.errors)")
        #expect(json["missing"]?.elements?.compactMap(\.text) == ["2/3"], "\(merged.output)")
        #expect(merged.errors.contains("note: shard 2/3 is not here: the run works on what is theirs itself"))
        #expect(merged.errors.contains("note: shard 3/3 has not done its part (it ended with `budget`)"))
        #expect(end.code == 0 && bench.calls - begun == 36, "\(end.errors)")
        #expect(try bench.exports() == expected.exports)
    }

    @Test(
        "A recipe that changed between the shards is told of; replies count, and the bytes are those of the new one"
    )
    func changedRecipe() async throws {
        let bench = try Bench.sharded()
        _ = try await bench.run("--shard", "1/2")
        let changed = try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
            .edited(
                "verify: tests, from: solved",
                to: "verify: tests, from: solved, options: { wall_ms: 9000 }"
            )
        try bench.write(changed, to: "recipe.yaml")
        _ = try await bench.run("--shard", "2/2")
        let asked = bench.calls
        let merged = try await bench.merge("recipe.yaml")
        let end = try await bench.run()
        let bought = bench.calls
        let expected = try await bench.reference()

        #expect(
            merged.errors.contains(
                "note: shard 1/2 was run with another recipe: the run does `tested`, `rated` itself"
            ),
            "\(merged.errors)"
        )
        #expect(!merged.errors.contains("shard 2/2 was run with another"))
        #expect(end.code == 0 && asked == 36 && bought == asked, "\(end.errors)")
        #expect(try bench.exports() == expected.exports)
        #expect(try await bench.report()["counts"] == expected.report["counts"])
    }
}
