import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("Explaining", .timeLimit(.minutes(5)))
struct ExplainTests {
    @Test("A sample is explained from its seed to its verdicts")
    func explain() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let files = try bench.exports()
        let rows = files.filter { $0.key.hasPrefix("sft/") }.values.flatMap { $0.split(separator: "\n") }
        let row = try JSONValue(parsing: String(try #require(rows.first)))
        let id = try #require(row["id"]?.text)
        let end = try await Program.run("explain", String(id.prefix(16)), folder: bench.folder)

        #expect(end.code == 0, "\(end.errors)")
        for part in [
            "seed smp_", "seeds.jsonl:", "licence MIT", "by solved: solve", "call 1 to scripted",
            "prompt, user",
            "reply", "tested: tests → passed", "isolation full", "unique: exact-duplicates → kept",
        ] { #expect(end.output.contains(part), "\(part) in \(end.output)") }
        #expect(end.errors.hasSuffix("told from the run output/bench\n"), "\(end.errors)")
        let named = try await Program.run("explain", id, "--run", "output/bench", folder: bench.folder)
        #expect(!named.errors.contains("told from"), "\(named.errors)")
        let none = try await Program.run("explain", "smp_00000000", folder: bench.folder)
        #expect(none.code == 2)
    }

    @Test(
        "Every key that is printed or exported is explained: rivals, tasks, parents, units, calls, executions"
    )
    func keys() async throws {
        let bench = try Bench { request in
            let number = Bench.task(in: request)
            return .chat("```python\\ndef add_\(number)(x):\\n    return x + \(number)\\n```")
        }
        _ = try await bench.run()
        let why = try await Program.run("report", "output/bench", "--why", "1", folder: bench.folder)
        let rival = try #require(
            why.output.firstMatch(of: /exact-duplicate +unique .*rival ([0-9a-f]{32})/)?.1
        )
        let rows = try bench.exports().filter { $0.key.hasPrefix("sft/") }.values.flatMap {
            $0.split(separator: "\n")
        }
        let row = try JSONValue(parsing: String(try #require(rows.first)))
        let provenance = try JSONValue(parsing: row["provenance_json"]?.text ?? "")
        let parent = try #require(provenance.elements?.compactMap { $0["parent"]?.text }.last)
        let story = try await Program.run("explain", String(rival), "--json", folder: bench.folder).json
        let steps = story["stories"]?.elements?.first?.elements?.flatMap {
            [$0["made_by"]].compactMap(\.self) + ($0["judged_by"]?.elements ?? [])
        }
        let call = try #require(steps?.compactMap { $0["calls"]?.elements?.first?["key"]?.text }.first)
        let execution = try #require(
            steps?.compactMap { $0["executions"]?.elements?.first?["key"]?.text }.first
        )

        for (key, said) in [
            (String(rival), ""), (try #require(row["task"]?.text), ""),
            (try #require(row["group"]?.text), ""), (parent, ""), (call, "a call that was made for"),
            (execution, "an execution for"), (String(rival.prefix(12)), ""),
        ] {
            let end = try await Program.run("explain", key, folder: bench.folder)
            #expect(end.code == 0, "\(end.errors)")
            #expect(end.output.hasPrefix("seed smp_"), "\(key): \(end.output)")
            #expect(said.isEmpty || end.errors.contains(said), "\(end.errors)")
        }
        let sample = try #require(row["id"]?.text?.dropFirst(4))
        #expect(try await Program.run("explain", String(sample), folder: bench.folder).code == 0)
        let none = try await Program.run("explain", "0123456789abcdef", folder: bench.folder)
        #expect(none.code == 2)
        #expect(none.errors.contains("error[unknown-id]: no run under output/ knows `0123456789abcdef`"))
    }

    @Test("A pair is explained by the stories of both sides")
    func pair() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let rows = try bench.exports().filter { $0.key.hasPrefix("dpo/") }.values.flatMap {
            $0.split(separator: "\n")
        }
        let row = try JSONValue(parsing: String(try #require(rows.first)))
        let id = try #require(row["id"]?.text)
        let end = try await Program.run("explain", String(id.prefix(16)), folder: bench.folder)
        let json = try await Program.run("explain", id, "--json", folder: bench.folder).json
        let none = try await Program.run("explain", "pair_00000000", folder: bench.folder)
        let short = try await Program.run("explain", "pair_12", folder: bench.folder)

        #expect(end.code == 0, "\(end.errors)")
        let parts = end.output.components(separatedBy: "rejected side of \(id)")
        #expect(parts.count == 2)
        #expect(parts[0].contains("chosen side of \(id)") && parts[0].contains("tested: tests → passed"))
        #expect(parts[1].contains("tested: tests → fail"))
        #expect(json["pair"]?.text == id)
        let answers = json["stories"]?.elements?.map {
            $0.elements?.last?["content"]?["messages"]?.elements?.last?["content"]?.text
        }
        let sides = ["chosen", "rejected"].map { row[$0]?.elements?.last?["content"]?.text }
        #expect(answers == sides)
        #expect(none.code == 2 && none.errors.contains("error[unknown-pair]"))
        #expect(short.code == 2 && short.errors.contains("error[bad-id]"))
    }

    @Test("What models wrote cannot command the terminal")
    func controlCharacters() async throws {
        let nasty = "\u{1B}[2J\u{1B}]0;owned\u{7}\u{9B}31m"
        let bench = try Bench { request in
            let number = Bench.task(in: request)
            return .reply(
                "```python\ndef add_\(number)(x):\n    # \(nasty)\n    return x + \(number)\n```"
            )
        }
        let judged = bench.recipe()
            .edited(
                "  unique:",
                to: "  topical: { verify: topic-difficulty, from: tested, model: student }\n  unique:"
            )
            .edited(
                "  dpo:",
                to: "  hard: { write: sft-messages, from: topical }\n  dpo:"
            )
        try bench.write(judged, to: "recipe.yaml")
        let run = try await bench.run()
        #expect(run.code == 0, "\(run.errors)")
        let rows = try bench.rows().filter { $0.key.hasPrefix("sft/") }.values.flatMap {
            $0.split(separator: "\n")
        }
        let row = try JSONValue(parsing: String(try #require(rows.first)))
        let id = try #require(row["id"]?.text)
        for arguments in [["explain", id], ["explain", id, "--json"], ["report", "output/bench"]] {
            let end = try await Program.start(arguments, folder: bench.folder).end()
            #expect(end.code == 0, "\(end.errors)")
            for scalar in (end.output + end.errors).unicodeScalars {
                let isHarmless = scalar.properties.generalCategory != .control || scalar == "\n"
                if !isHarmless { Issue.record("U+\(String(scalar.value, radix: 16)) in \(arguments)") }
            }
        }
        let story = try await Program.run("explain", id, folder: bench.folder)
        #expect(story.output.contains("call to scripted: "), "the judge's call is told")
    }

    @Test("A report shows some candidates of each reason, and the story of each says why it ended")
    func why() async throws {
        let broken =
            #"{"id":"b","instruction":"Add.","signature":"def add_7(x):","entry_point":"add_7","tests":{"kind":"call","entry_point":"add_7","cases":[{"input":1}]}}"#
        let bench = try Bench(seeds: Bench.tasks.joined(separator: "\n") + "\n" + broken + "\n")
        _ = try await bench.run()
        let plain = try await Program.run("report", "output/bench", "--why", "2", folder: bench.folder)
        let report = try await Program.run(
            "report",
            "output/bench",
            "--why",
            "2",
            "--json",
            folder: bench.folder
        ).json
        let examples = try #require(report["examples"]?.elements)
        let reasons = Dictionary(grouping: examples) { $0["reason"]?.text ?? "" }
        let counts = try #require(report["counts"]?["dropped"]?.members)

        #expect(Set(reasons.keys).isSuperset(of: counts.keys))
        #expect(reasons.values.allSatisfy { $0.count <= 2 })
        #expect(plain.output.contains("case 0 of `tests` needs `args`"), "\(plain.output)")
        #expect(examples.contains { $0["summary"]?.text?.contains("wrong answer: test 1 got ") == true })
        for example in examples {
            let id = try #require(example["sample"]?.text)
            let story = try await Program.run("explain", id, folder: bench.folder)
            #expect(
                story.output.contains("(\(example["reason"]?.text ?? ""))"),
                "\(example.canonical) \(story.output)"
            )
        }
    }
}
