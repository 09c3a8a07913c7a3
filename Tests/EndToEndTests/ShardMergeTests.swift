import CorpusModel
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Shards that overlap, stand beside each other or cannot be used", .timeLimit(.minutes(5)))
struct ShardMergeTests {
    // MARK: - Overlaps

    @Test("Shards that overlap have each paid, and the run counts all of it and buys nothing")
    func overlap() async throws {
        let bench = try Bench.sharded()
        let expected = try await bench.reference()
        let begun = bench.calls
        var (calls, dollars) = (0, 0.0)
        for shard in ["1/2", "1/3", "2/2"] {
            #expect(try await bench.run("--shard", shard).code == 0)
            let report = try await bench.report(of: Bench.folder(of: shard))
            calls += Bench.paid(report).calls
            dollars += Bench.paid(report).dollars
        }
        let asked = bench.calls - begun
        let merged = try await bench.merge("recipe.yaml", "--json")
        // Once more from the beginning, in the other order: nothing is counted a second time.
        let again = try await bench.merge("recipe.yaml")
        let end = try await bench.run()
        let report = try await bench.report()
        let twice = try merged.json["shards"]?.elements?.compactMap { $0["bought_twice"]?.whole }

        #expect(merged.code == 0 && again.code == 0 && end.code == 0, "\(merged.errors) \(end.errors)")
        #expect(asked > 36 && bench.calls - begun == asked && calls == asked)
        #expect(twice?.reduce(0, +) == asked - 36 && twice?.prefix(2).reduce(0, +) == 0, "\(merged.output)")
        #expect(try merged.json["missing"]?.elements?.isEmpty == true)
        #expect(report["spending"]?["calls"]?.whole == 36)
        #expect(Bench.paid(report).calls == calls)
        #expect(abs(Bench.paid(report).dollars - dollars) < 1e-12)
        #expect(try bench.exports() == expected.exports)
        #expect(report["counts"] == expected.report["counts"])
        #expect(try await bench.ledger("verify", "output/bench").code == 0)
    }

    @Test(
        "Where shards were told different things, no work is taken that the run's own replies would not give",
        arguments: [["1/2", "2/2", "1/3"], ["1/3", "2/3", "1/2", "2/2"], ["2/2", "1/2", "1/1"]]
    )
    func otherReplies(shards: [String]) async throws {
        // Each task twice: two seeds that ask the same, perhaps in two shards.
        let tasks = (1...9).flatMap { [Bench.task($0), Bench.task($0)] }
        let bench = try Bench.sharded(tasks: tasks) { request in
            let number = Bench.task(in: request)
            // Another reply each time.
            return switch Digest(of: "\(request.index)").bytes[0] % 5 {
            case 0: .chat("```python\\ndef add_\(number)(x):\\n    return x + \(number)\\n```")
            case 1: .chat("```python\\ndef add_\(number)(y):\\n    return y + \(number)\\n```")
            case 2: .chat("```python\\ndef add_\(number)(x):\\n    return x - \(number)\\n```")
            case 3: .chat("```python\\ndef add_\(number)(x):\\n    return x * \(request.index)\\n```")
            default: .chat("I cannot help with that.")
            }
        }
        for shard in shards { #expect(try await bench.run("--shard", shard).code == 0) }
        let merged = try await bench.merge("recipe.yaml", "--json")
        let end = try await bench.run("--record", "tape")
        let report = try await bench.report()
        let refused = try merged.json["shards"]?.elements?.compactMap { $0["refused_seeds"]?.whole }
        // The same replies give the same bytes: nothing in the corpus was made of others.
        let replay = try await bench.run("--replay", "--cassette", "tape", "--output", "output/replayed")

        #expect(merged.code == 0 && end.code == 0 && replay.code == 0, "\(end.errors) \(replay.errors)")
        #expect(refused?.reduce(0, +) ?? 0 > 0, "\(merged.output)")
        #expect(try bench.exports() == bench.exports(of: "output/replayed"))
        #expect(report["counts"] == (try await bench.report(of: "output/replayed"))["counts"])
        #expect(report["counts"]?["dropped"]?["missing-evidence"] == nil)
        #expect(try await bench.ledger("verify", "output/bench").code == 0)
    }

    @Test("What failed in one shard and was done in another counts as done")
    func failedInOne() async throws {
        let health = Health()
        let bench = try Bench.sharded { request in
            health.isIll.withLock { $0 } && Digest(of: request.text).bytes[1] % 3 == 0
                ? .status(400, #"{"error":{"message":"no"}}"#) : Bench.model(request)
        }
        _ = try await bench.run("--shard", "1/1")
        let failed = try await bench.report(of: Bench.folder(of: "1/1"))["counts"]?["failed"]?.members ?? [:]
        health.isIll.withLock { $0 = false }
        for shard in ["1/2", "2/2"] { #expect(try await bench.run("--shard", shard).code == 0) }
        let asked = bench.calls
        let merged = try await bench.merge("recipe.yaml")
        let report = try await bench.report()
        let end = try await bench.run()
        let bought = bench.calls
        let expected = try await bench.reference()

        #expect(!failed.isEmpty)
        #expect(merged.code == 0 && end.code == 0, "\(merged.errors) \(end.errors)")
        #expect(report["counts"]?["failed"]?.members == [:])
        #expect(bought == asked)
        #expect(try bench.exports() == expected.exports)
        #expect(try await bench.ledger("verify", "output/bench").code == 0)
    }

    // MARK: - At once

    @Test("Shards work at once; the run, its merge and a second process on a shard wait or are refused")
    func atOnce() async throws {
        let gate = Latch()
        let bench = try Bench.sharded { request in
            if request.index > 3 { gate.pass() }
            return Bench.model(request)
        }
        let first = try bench.start(["--shard", "1/2"])
        await bench.server.received(5)
        let second = try bench.start(["--shard", "2/2"])
        await bench.server.received(10)
        let same = try await bench.run("--shard", "1/2")
        let whole = try await bench.run()
        let early = try await bench.merge("recipe.yaml")
        let patient = try Program.start(["merge", "recipe.yaml", "--wait"], folder: bench.folder)
        await patient.said("waiting: ")
        gate.open()
        let ends = [try await first.end(), try await second.end()]
        let merged = try await patient.end()
        let end = try await bench.run()
        let bought = bench.calls

        let folder = "output/bench/shards/1-of-2"
        #expect(
            same.code == 75
                && same.errors.contains(
                    "error[ledger-busy]: process \(first.identifier) is working in `\(folder)`"
                ),
            "\(same.errors)"
        )
        for refused in [whole, early] {
            #expect(refused.code == 75, "\(refused.errors)")
            #expect(refused.errors.contains("error[ledger-busy]: process "))
            #expect(refused.errors.contains("is working in `output/bench`"), "\(refused.errors)")
        }
        #expect(ends.map(\.code) == [0, 0] && merged.code == 0 && end.code == 0, "\(merged.errors)")
        #expect(bought == 36)
        #expect(try bench.exports() == (try await bench.reference()).exports)
    }

    @Test("Shards take from a shared ledger, at once, and what they buy reaches it by the run")
    func sharedLedger() async throws {
        let bench = try Bench.sharded(changing: { MoneyTests.twice($0) + "ledger: shared.sqlite\n" })
        let expected = try await bench.reference()
        let text = try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
        try bench.write(text.edited("max_tokens: 90", to: "max_tokens: 80"), to: "recipe.yaml")
        let begun = bench.calls
        for shard in ["1/2", "2/2"] { #expect(try await bench.run("--shard", shard).code == 0) }
        let held = LedgerFile.count("call", in: bench.folder + "/shared.sqlite")
        let merged = try await bench.merge("recipe.yaml")
        let end = try await bench.run()
        let other = try await bench.run("--output", "output/other")
        let elsewhere = try await bench.run("--shard", "1/2", "--output", "output/elsewhere")

        #expect(expected.report["spending"]?["calls"]?.whole == 72)
        #expect(merged.code == 0 && end.code == 0 && other.code == 0 && elsewhere.code == 0)
        #expect(held == 72 && LedgerFile.count("call", in: bench.folder + "/shared.sqlite") == 108)
        #expect(bench.calls - begun == 36)
        let report = try await bench.report()
        #expect(report["spending"]?["calls"]?.whole == 36 && report["spending"]?["shared"]?.whole == 36)
        #expect(try bench.exports() == bench.exports(of: "output/other"))
    }

    // MARK: - What cannot be done

    @Test(
        "What is no shard is a fault of the command line",
        arguments: [
            "0/3", "4/3", "a/b", "1/0", "1", "", "1/2/3", "-1/2", "1/", "/2", "1/99999", "1 /2", "٣/4",
            "1/9223372036854775808",
        ]
    )
    func noShard(text: String) async throws {
        let bench = try Bench()
        for command in ["run", "plan"] {
            let end = try await Program.start(
                [command, "recipe.yaml", "--shard=\(text)"],
                folder: bench.folder
            ).end()
            #expect(end.code == 64, "\(end.errors)")
            #expect(end.errors.contains("shard"), "\(end.errors)")
        }
        #expect(bench.calls == 0 && !FileManager.default.fileExists(atPath: bench.folder + "/output"))
    }

    @Test("A shard has its part of the caps, which plan and run say")
    func budgets() async throws {
        let bench = try Bench.sharded(changing: {
            $0.edited("tokens: 1000000", to: "usd: 1, calls: 11, per_role: { student: { calls: 4 } }")
        })
        let plan = try await Program.run("plan", "recipe.yaml", "--shard", "2/3", folder: bench.folder)
        let json = try await Program.run(
            "plan",
            "recipe.yaml",
            "--shard",
            "2/3",
            "--json",
            folder: bench.folder
        ).json
        let end = try await Program.run("run", "recipe.yaml", "--shard", "2/3", folder: bench.folder)
        let report = try await bench.report(of: Bench.folder(of: "2/3"))

        #expect(plan.output.contains("shard 2/3, about: 3 seeds, 12 calls"), "\(plan.output)")
        #expect(
            plan.output.contains(
                "limit: $0.33, 3 calls, of it for `student` 1 call, the recipe's divided by 3"
            ),
            "\(plan.output)"
        )
        #expect(json["shard"]?.text == "2/3" && json["estimate"]?["calls"]?.whole == 12)
        #expect(end.code == 75 && end.errors.contains("bench, shard 2/3: about 3 seeds"), "\(end.errors)")
        #expect(end.errors.contains("the budget of 1 call for the model `student`"), "\(end.errors)")
        #expect(report["spending"]?["calls"]?.whole == 1)
    }

    @Test(
        "A folder without shards, a ledger that is none and one that is not a shard's are refused, and nothing is changed"
    )
    func wrongFolders() async throws {
        let bench = try Bench.sharded()
        let none = try await bench.merge("recipe.yaml")
        try bench.write("", to: "output/.keep")
        let folder = try await bench.merge("output")
        _ = try await bench.run("--shard", "1/2")
        _ = try await bench.run("--output", "output/other")
        try FileManager.default.copyItem(
            atPath: bench.folder + "/output/other",
            toPath: bench.folder + "/output/bench/shards/other"
        )
        let own = try await bench.merge("recipe.yaml")
        try FileManager.default.removeItem(atPath: bench.folder + "/output/bench/shards/other")
        try bench.write(
            "no ledger at all, though long enough",
            to: "output/bench/shards/2-of-2/ledger.sqlite"
        )
        let foreign = try await bench.merge("recipe.yaml")
        let both = try await bench.merge("output/bench", "--output", "output/x")
        let shards = bench.folder + "/output/bench/shards"
        try FileManager.default.removeItem(atPath: shards + "/2-of-2")
        try FileManager.default.moveItem(atPath: shards + "/1-of-2", toPath: shards + "/2-of-2")
        let misnamed = try await bench.merge("recipe.yaml")
        try FileManager.default.moveItem(atPath: shards + "/2-of-2", toPath: shards + "/1-of-2")
        try bench.write(bench.recipe().edited("name: bench", to: "name: other"), to: "other.yaml")
        let stranger = try await bench.merge("other.yaml", "--output", "output/bench")
        let missing = try await Program.run("rejects", "output/bench", folder: bench.folder)

        #expect(none.code == 2 && none.errors.contains("error[no-shards]"), "\(none.errors)")
        #expect(folder.code == 2 && folder.errors.contains("error[no-shards]"), "\(folder.errors)")
        #expect(own.code == 2 && own.errors.contains("is not the ledger of a shard"), "\(own.errors)")
        #expect(foreign.code == 2 && foreign.errors.contains("error[ledger-foreign]"), "\(foreign.errors)")
        #expect(
            misnamed.code == 2 && misnamed.errors.contains("call the folder `1-of-2`"),
            "\(misnamed.errors)"
        )
        #expect(stranger.code == 2 && stranger.errors.contains("error[foreign-shard]"), "\(stranger.errors)")
        #expect(
            missing.errors.contains("name one of them, such as `output/bench/shards/1-of-2`"),
            "\(missing.errors)"
        )
        #expect(both.code == 2 && both.errors.contains("error[two-folders]"), "\(both.errors)")
        #expect(!FileManager.default.fileExists(atPath: bench.ledgerFile()))
    }

    @Test("Shards of an earlier version are brought up to date and merged", arguments: [4, 6])
    func earlier(version: Int) async throws {
        let bench = try Bench.sharded()
        let expected = try await bench.reference()
        for shard in ["1/2", "2/2"] { _ = try await bench.run("--shard", shard) }
        let asked = bench.calls
        try LedgerFile.change(
            bench.ledgerFile(of: Bench.folder(of: "1/2")),
            EarlierSchema.sql(backTo: version)
        )
        let refused = try await bench.run()
        let merged = try await bench.merge("recipe.yaml")
        let end = try await bench.run()

        #expect(refused.code == 2, "\(refused.errors)")
        #expect(merged.code == 0 && end.code == 0 && bench.calls == asked, "\(merged.errors) \(end.errors)")
        #expect(try bench.exports() == expected.exports)
    }

    @Test("A merge onto a full disk ends with 75, and the same command goes on once there is room")
    func fullDisk() async throws {
        try await SmallDisk.lend(kibibytes: 100, to: "ShardMergeTests/fullDisk") { disk in
            let bench = try Bench.sharded(
                answer: { request in
                    let noise = Digest(of: request.text).description
                    return .chat("I cannot. " + String(repeating: noise, count: 200))
                },
                changing: { _ in "" }
            )
            try bench.write(bench.untestedRecipe(), to: "recipe.yaml")
            let run = bench.folder + "/output/bench"
            for shard in ["1/2", "2/2"] {
                let end = try await bench.run("--shard", shard, "--unsafe-no-sandbox")
                #expect(end.code == 0, "\(end.errors)")
            }
            // The run's own folder lies on the small disk, its shards beside it.
            try FileManager.default.createSymbolicLink(
                atPath: disk.path + "/shards",
                withDestinationPath: run + "/shards"
            )
            let full = try await bench.merge("recipe.yaml", "--output", disk.path)
            let refused = try await bench.run("--unsafe-no-sandbox", "--output", disk.path)
            try disk.makeRoom()
            let merged = try await bench.merge("recipe.yaml", "--output", disk.path)
            let end = try await bench.run("--unsafe-no-sandbox", "--output", disk.path)

            #expect(
                full.code == 75 && full.errors.contains("error[disk-full]"),
                "\(full.code) \(full.errors)"
            )
            #expect(refused.code != 0)
            #expect(merged.code == 0 && end.code == 0, "\(merged.errors) \(end.errors)")
            #expect(bench.calls == 36)
        }
    }
}

/// Whether a server is well.
private final class Health: Sendable {
    let isIll = Mutex(true)
}
