import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("Listing rejects", .timeLimit(.minutes(5)))
struct RejectsCommandTests {
    private func rejects(_ bench: Bench, _ arguments: String...) async throws -> Program.End {
        try await Program.start(["rejects", "output/bench"] + arguments, folder: bench.folder).end()
    }

    private func lines(_ bench: Bench, _ arguments: String...) async throws -> [JSONValue] {
        let end = try await Program.start(
            ["rejects", "output/bench", "--json"] + arguments,
            folder: bench.folder
        )
        .end()
        #expect(end.code == 0, "\(end.errors)")
        return try end.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    @Test("What a killed run lacks to find its rows by is made before they are read")
    func killedRun() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let path = bench.ledgerFile()
        let before = try await Program.run("rejects", "output/bench", "--json", folder: bench.folder)
        try LedgerFile.change(path, "DROP INDEX item_input; DROP INDEX edge_child")
        let after = try await Program.run("rejects", "output/bench", "--json", folder: bench.folder)
        let made: Int? = try LedgerFile.value(
            "SELECT count(*) FROM sqlite_master WHERE name IN ('item_input', 'edge_child')",
            in: path
        )

        #expect(after.code == 0 && after.output == before.output, "\(after.errors)")
        #expect(made == 2)
    }

    @Test("As JSON Lines there are as many as the report counts, and every id can be explained")
    func jsonLines() async throws {
        let bench = try Bench(seeds: Bench.tasks.joined(separator: "\n") + "\nnonsense\n")
        _ = try await bench.run()
        let counts = try #require(try await bench.report()["counts"])
        let all = try await lines(bench)
        for state in ["dropped", "failed"] {
            let found = all.filter { $0["state"]?.text == state }.reduce(into: [String: Int]()) {
                $0[$1["reason"]?.text ?? "", default: 0] += 1
            }
            #expect(JSONValue.object(found.mapValues(JSONValue.int)) == counts[state])
        }
        for line in all {
            guard let id = line["id"]?.text else { continue }
            let story = try await Program.run("explain", id, folder: bench.folder)
            #expect(
                story.output.contains("(\(line["reason"]?.text ?? ""))"),
                "\(line.canonical) \(story.output)"
            )
            #expect(line["usd"] != nil && line["calls"]?.whole == 1 && line["source"]?.text == "tasks")
        }
        let unreadable = try #require(all.first { $0["state"]?.text == "failed" })
        #expect(unreadable["id"] == .null && unreadable["summary"]?.text?.contains("seeds.jsonl:7") == true)
    }

    @Test("For people it shows some, says how many more there are, and counts them all")
    func forPeople() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let counts = try #require(try await bench.report()["counts"]?["dropped"]?.members)
        let total = counts.values.compactMap(\.whole).reduce(0, +)
        let end = try await rejects(bench, "--limit", "2")
        let none = try await rejects(bench, "--reason", "contaminated")
        let full = try await rejects(bench, "--reason", "test-failed", "--limit", "1", "--full")

        #expect(end.code == 0, "\(end.errors)")
        #expect(end.output.contains("… and \(total - 2) more; `--limit 0` lists all"))
        #expect(end.output.contains("\(total) in all: \(total) dropped, 0 failed\n"))
        for (reason, count) in counts {
            let group = end.output.split(separator: "\n").contains {
                $0.split(separator: " ").prefix(3) == ["dropped", "\(count.whole ?? 0)", "\(reason)"]
            }
            #expect(group, "\(reason) in \(end.output)")
        }
        #expect(none.code == 0 && none.output == "no reject fits the filters\n")
        #expect(full.output.contains("  ┌ messages[1]\n") && full.output.contains("  evidence tests "))
    }

    @Test("A sample is the same each time, another with another number, and in the order of the list")
    func sample() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let all = try await lines(bench)
        let first = try await lines(bench, "--sample", "4")
        let second = try await lines(bench, "--sample", "4")
        let others = try await (1...4).asyncMap {
            try await lines(bench, "--sample", "4", "--random-seed", "\($0)")
        }
        let more = try await lines(bench, "--sample", "4000")

        #expect(first.count == 4 && first == second && others.contains { $0 != first })
        #expect(first == all.filter { first.contains($0) })
        #expect(more == all)
    }

    @Test("Unknown names are refused with the nearest one, and so are bad options and folders without a run")
    func faults() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let reason = try await rejects(bench, "--reason", "tset-failed")
        let stage = try await rejects(bench, "--stage", "tsted")
        let source = try await rejects(bench, "--source", "other-things")
        let missing = try await Program.run("rejects", "output/none", folder: bench.folder)

        #expect(reason.code == 2)
        #expect(
            reason.errors
                == "error[unknown-reason]: no reason of `output/bench` is called `tset-failed`\nhint: did you mean `test-failed`?\n"
        )
        #expect(stage.code == 2 && stage.errors.contains("hint: did you mean `tested`?"))
        #expect(source.code == 2 && source.errors.contains("hint: sources of this run: `tasks`"))
        #expect(missing.code == 2 && missing.errors.contains("error[ledger-missing]"))
        #expect(try await rejects(bench, "--label", "easy").code == 64)
        #expect(try await rejects(bench, "--limit", "1", "--sample", "1").code == 64)
        #expect(try await rejects(bench, "--state", "lost").code == 64)
    }
}

extension Sequence where Element: Sendable {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
