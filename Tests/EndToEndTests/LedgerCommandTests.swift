import CorpusModel
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("The ledger's commands", .timeLimit(.minutes(5)))
struct LedgerCommandTests {
    private func ledger(_ bench: Bench, _ arguments: String...) async throws -> Program.End {
        try await Program.start(["ledger"] + arguments, folder: bench.folder).end()
    }

    private func tamper(_ bench: Bench, _ sql: String) throws {
        let queue = try DatabaseQueue(path: bench.folder + "/output/bench/ledger.sqlite")
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }

    @Test("A sound ledger verifies and counts what the report counts; a tampered one is named row by row")
    func verify() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let sound = try await ledger(bench, "verify", "output/bench")
        let stats = try await ledger(bench, "stats", "output/bench", "--json").json
        let people = try await ledger(bench, "stats", "output/bench")
        try tamper(
            bench,
            "UPDATE call SET request = (SELECT request FROM call WHERE id = 2) WHERE id IN (1, 3)"
        )
        let damaged = try await ledger(bench, "verify", "output/bench")
        let json = try await ledger(bench, "verify", "output/bench", "--json")
        let lines = try json.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }

        #expect(sound.code == 0 && sound.output.hasPrefix("sound: "), "\(sound.output) \(sound.errors)")
        #expect(stats["models"]?.elements?.first?["replies"]?.whole == 24)
        #expect(people.output.contains("call.reply") && people.output.contains("schema 8"))
        #expect(damaged.code == 1 && damaged.output.contains("2 faults in "), "\(damaged.output)")
        #expect(damaged.output.contains(": its request has the key "))
        #expect(json.code == 1 && lines.count == 3 && lines.last?["faults"]?.whole == 2)
        #expect(lines.first?["table"]?.text == "call" && lines.first?["key"]?.text?.count == 32)
    }

    @Test("Bodies are dropped only after a yes, then a run needs them back and gets them from a cassette")
    func vacuum() async throws {
        let noise = String(repeating: "x", count: 300)
        let bench = try Bench { request in
            .chat("I cannot. \(Digest(of: request.text)) \(noise)")
        }
        try bench.write(bench.untestedRecipe(), to: "recipe.yaml")
        _ = try await bench.run()
        let before = try await bench.report()
        let written = try await ledger(bench, "export", "output/bench", "--to", "replies.zst")
        let asked = try await ledger(bench, "vacuum", "output/bench", "--drop-bodies", "all")
        let untouched = try await ledger(bench, "stats", "output/bench", "--json").json
        let done = try await ledger(
            bench,
            "vacuum",
            "output/bench",
            "--drop-bodies",
            "all",
            "--yes",
            "--json"
        )
        let stats = try await ledger(bench, "stats", "output/bench", "--json").json
        let after = try await bench.report()

        #expect(
            written.code == 0 && written.errors == "wrote 24 replies to replies.zst\n",
            "\(written.errors)"
        )
        #expect(asked.code == 2 && asked.errors.contains("24 calls have bodies"), "\(asked.errors)")
        #expect(asked.errors.contains("error[needs-yes]: nothing was dropped: it cannot be undone"))
        #expect(untouched["bodies"]?.elements?.allSatisfy { $0["dropped"]?.whole == 0 } == true)
        #expect(done.code == 0, "\(done.errors)")
        let sizes = try done.json
        #expect(sizes["dropped"]?.whole == 24)
        #expect(try #require(sizes["bytes_after"]?.whole) < #require(sizes["bytes_before"]?.whole))
        #expect(stats["bodies"]?.elements?.first { $0["name"] == "call.reply" }?["dropped"]?.whole == 24)
        #expect(after == before)
        #expect(try await ledger(bench, "verify", "output/bench").code == 0)

        try tamper(bench, "DELETE FROM item WHERE stage = (SELECT id FROM stage WHERE name = 'solved')")
        let calls = bench.calls
        let stopped = try await bench.run()
        let lacking = try await ledger(bench, "export", "output/bench", "--to", "again.jsonl")
        let taken = try await ledger(bench, "import", "output/bench", "--from", "replies.zst")
        let resumed = try await bench.run()

        #expect(stopped.code == 2 && stopped.errors.contains("error[body-dropped]: a reply of `scripted`"))
        #expect(stopped.errors.contains("hint: bring the replies back with `corpusmith ledger import"))
        #expect(
            lacking.errors.contains("warning[body-dropped]: 24 replies are not in it"),
            "\(lacking.errors)"
        )
        #expect(
            taken.code == 0 && taken.errors.contains("24 that had been dropped are back"),
            "\(taken.errors)"
        )
        #expect(resumed.code == 0 && bench.calls == calls, "\(resumed.errors)")
        #expect(try await bench.report()["counts"] == before["counts"])
    }

    @Test("What one run exported another imports at no cost, once; a run then finds it all")
    func carry() async throws {
        let bench = try Bench()
        try bench.write(bench.recipe().edited("tokens: 1000000", to: "calls: 4"), to: "recipe.yaml")
        _ = try await bench.run()
        try bench.write(bench.recipe(), to: "recipe.yaml")
        _ = try await bench.run("--output", "output/whole")
        let calls = bench.calls
        let plain = try await ledger(bench, "export", "output/whole", "--to", "tape/cassette.jsonl")
        try FileManager.default.createDirectory(
            atPath: bench.folder + "/tape",
            withIntermediateDirectories: true
        )
        let written = try await ledger(bench, "export", "output/whole", "--to", "tape/cassette.jsonl")
        let taken = try await ledger(bench, "import", "output/bench", "--from", "tape", "--json")
        let again = try await ledger(
            bench,
            "import",
            "output/bench",
            "--from",
            "tape/cassette.jsonl",
            "--json"
        )
        let end = try await bench.run("--replay")
        let report = try await bench.report()

        #expect(plain.code == 2 && plain.errors.contains("tape/cassette.jsonl"))
        #expect(written.code == 0, "\(written.errors)")
        #expect(try taken.json["new"]?.whole == 20 && taken.json["known"]?.whole == 4, "\(taken.output)")
        #expect(try again.json["new"]?.whole == 0 && again.json["known"]?.whole == 24)
        #expect(end.code == 0 && bench.calls == calls, "\(end.errors)")
        #expect(report["spending"]?["calls"]?.whole == 4 && report["spending"]?["imported"]?.whole == 20)
    }

    @Test("While a run is at work nobody else changes its ledger, and looking at it is possible")
    func atWork() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        let running = try bench.start()
        await bench.server.received(8)
        let vacuum = try await ledger(bench, "vacuum", "output/bench")
        let taken = try await ledger(
            bench,
            "import",
            "output/bench",
            "--from",
            Repository.path + "/Tests/Fixtures/cassettes/first-tasks"
        )
        let verify = try await ledger(bench, "verify", "output/bench")
        let rejects = try await Program.run("rejects", "output/bench", folder: bench.folder)
        gate.open()
        let end = try await running.end()

        for refused in [vacuum, taken] {
            #expect(refused.code == 75)
            #expect(
                refused.errors.contains("error[ledger-busy]: process \(running.identifier) is working in"),
                "\(refused.errors)"
            )
        }
        #expect(
            verify.code == 0 && verify.errors.contains("note: the last pass is at work"),
            "\(verify.errors)"
        )
        #expect(rejects.code == 0 && end.code == 0)
    }

    @Test(
        "A folder without a run, a foreign file, a newer ledger and a damaged one are each refused in words",
        arguments: [
            ["stats", "R"], ["verify", "R"], ["vacuum", "R"], ["export", "R", "--to", "out.zst"],
            ["import", "R", "--from", "TAPE"],
        ]
    )
    func wrongFiles(arguments: [String]) async throws {
        let bench = try Bench()
        let tape = Repository.path + "/Tests/Fixtures/cassettes/first-tasks"
        let arguments = ["ledger"] + arguments.map { $0 == "R" ? "run" : $0 == "TAPE" ? tape : $0 }
        func code() async throws -> String {
            let end = try await Program.start(arguments, folder: bench.folder).end()
            #expect(end.code == 2 && end.output.isEmpty, "\(end.output)")
            return String(end.errors.prefix { $0 != ":" })
        }

        #expect(try await code() == "error[ledger-missing]")
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/run"))
        try bench.write("not a database at all, but long enough to be looked at", to: "run/ledger.sqlite")
        #expect(try await code() == "error[ledger-foreign]")
        let path = bench.folder + "/run/ledger.sqlite"
        try FileManager.default.removeItem(atPath: path)
        do {
            let queue = try DatabaseQueue(path: path)
            try await queue.write {
                try $0.execute(
                    sql: "PRAGMA application_id = 0x43534D4C; PRAGMA user_version = 99; CREATE TABLE x (y)"
                )
            }
            try queue.close()
        }
        #expect(try await code() == "error[ledger-newer]")
        try Data(
            try Data(contentsOf: URL(fileURLWithPath: path)).prefix(100) + Data(repeating: 7, count: 8092)
        )
        .write(to: URL(fileURLWithPath: path))
        #expect(try await code() == "error[ledger-damaged]")
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/out.zst"))
    }

    @Test("An export does not write over what is no cassette")
    func overwriting() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let own = try await ledger(bench, "export", "output/bench", "--to", "output/bench/ledger.sqlite")
        let folder = try await ledger(bench, "export", "output/bench", "--to", "output")
        let first = try await ledger(bench, "export", "output/bench", "--to", "a.zst")
        let second = try await ledger(bench, "export", "output/bench", "--to", "a.zst")
        let foreign = try await ledger(bench, "import", "output/bench", "--from", "seeds.jsonl")
        let missing = try await ledger(bench, "import", "output/bench", "--from", "none.zst")

        #expect(own.code == 2 && own.errors.contains("error[file-exists]"))
        #expect(folder.code == 2 && folder.errors.contains("`--to output/cassette.jsonl.zst`"))
        #expect(first.code == 0 && second.code == 0)
        #expect(foreign.code == 2 && foreign.errors.contains("error[cassette-foreign]"))
        #expect(missing.code == 2 && missing.errors.contains("error[cassette-missing]"))
        #expect(try await ledger(bench, "verify", "output/bench").code == 0)
    }
}
