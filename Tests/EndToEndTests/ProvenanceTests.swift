import CorpusModel
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("What a row says of its making", .timeLimit(.minutes(5)))
struct ProvenanceTests {
    /// Each task is solved by one model and solved again, from that solution, by another.
    private func bench() throws -> Bench {
        let list = Answer.status(200, #"{"data":[{"id":"scripted"},{"id":"scripted-2"}]}"#)
        let bench = try Bench(list: { _ in list })
        let text = bench.recipe(extra: ", output_terms: apache-2.0").edited(
            "budget:",
            to: """
                  second: { url: "\(bench.server.url)", model: scripted-2, sampling: { seed: true }, output_terms: ask-first }
                budget:
                """
        )
        .edited(
            "attempts: 4 } }",
            to:
                "attempts: 2 } }\n  again: { generate: solve, from: solved, model: second, options: { attempts: 4 } }"
        )
        .edited("from: solved }", to: "from: again }")
        try bench.write(text, to: "recipe.yaml")
        return bench
    }

    private func rows(_ bench: Bench, _ export: String) throws -> [JSONValue] {
        try bench.exports().filter { $0.key.hasPrefix(export + "/") }.values
            .flatMap { $0.split(separator: "\n") }.map { try JSONValue(parsing: String($0)) }
    }

    private func steps(_ row: JSONValue) throws -> JSONValue {
        try JSONValue(parsing: #require(row["provenance_json"]?.text))
    }

    @Test("Models, stages, prompts, terms and parents stand in every row, and change with what they tell of")
    func steps() async throws {
        let bench = try bench()
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let samples = try rows(bench, "sft")
        let pairs = try rows(bench, "dpo")
        #expect(!samples.isEmpty && !pairs.isEmpty)
        let first = try #require(samples.first)
        let digest = try #require(steps(first).elements?.first?["templates"])
        #expect(digest.text?.count == 64)
        var lines = try samples.map { (row: $0, steps: try steps($0)) }
        for row in pairs {
            let both = try steps(row)
            lines.append((row, try #require(both["chosen"])))
            lines.append((row, try #require(both["rejected"])))
        }
        let ledger = try DatabaseQueue(path: bench.folder + "/output/bench/ledger.sqlite")
        for (row, line) in lines {
            let steps = try #require(line.elements)
            #expect(steps.map { $0["stage"] } == ["solved", "again"])
            #expect(steps.map { $0["plugin"] } == ["solve", "solve"])
            #expect(steps.allSatisfy { ($0["version"]?.whole ?? 0) > 0 && $0["templates"] == digest })
            #expect(steps.map { $0["models"] } == [["scripted"], ["scripted-2"]])
            #expect(steps.map { $0["output_terms"] } == [["apache-2.0"], ["ask-first"]])
            let (seed, draft) = (steps[0]["parent"]?.text ?? "", steps[1]["parent"]?.text ?? "")
            if let task = row["task"]?.text { #expect(seed == task) }
            let parents = try await ledger.read { database in
                try ["x'\(draft)'", "x'\(seed)'"].map { key in
                    try Row.fetchAll(
                        database,
                        sql: "SELECT lower(hex(parent)) AS parent FROM edge WHERE child = \(key)"
                    ).map { $0["parent"] as String? }
                }
            }
            // The draft came of the seed, and the seed of nothing.
            #expect(parents == [[seed], [""]])
        }
        try ledger.close()

        let prompts = "Templates/Prompts/solve"
        for name in try FileManager.default.contentsOfDirectory(atPath: Repository.path + "/" + prompts) {
            let text = try String(contentsOfFile: "\(Repository.path)/\(prompts)/\(name)", encoding: .utf8)
            try bench.write(name.hasSuffix(".jinja") ? "Well. " + text : text, to: "\(prompts)/\(name)")
        }
        let second = try await bench.run()
        #expect(second.code == 0, "\(second.errors)")
        let changed = try rows(bench, "sft").flatMap { try steps($0).elements ?? [] }.map { $0["templates"] }
        #expect(!changed.isEmpty && changed.allSatisfy { $0?.text?.count == 64 && $0 != digest })
    }

    @Test("The papers name the recipe and the seeds by checksum, and count rows by label")
    func papers() async throws {
        let bench = try Bench()
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let files = try bench.exports()
        let manifest = try JSONValue(parsing: try #require(files["manifest.json"]))
        let card = try #require(files["README.md"])
        let report = try await bench.report()
        let recipe = Digest(of: bench.recipe()).description
        let queue = try DatabaseQueue(path: bench.folder + "/output/bench/ledger.sqlite")
        let ids = try await queue.read {
            try String.fetchAll($0, sql: "SELECT sample FROM edge WHERE parent IS NULL")
        }
        try queue.close()
        let seeds = Digest(of: ids.sorted().map { $0 + "\n" }.joined()).description

        #expect(ids.count == 6)
        let rows = manifest["exports"]?.elements?.first?["files"]?.elements?.compactMap { $0["rows"]?.whole }
            .reduce(0, +)
        for facts in [manifest, report] {
            #expect(facts["recipe_sha256"]?.text == recipe)
            #expect(facts["sources"] == [["name": "tasks", "seeds": 6, "sha256": .string(seeds)]])
        }
        let labels = manifest["exports"]?.elements?.first?["labels"]
        #expect(labels?["language"]?["python"]?.whole == rows && rows ?? 0 > 0)
        #expect(card.contains(recipe) && card.contains(seeds))
        #expect(card.contains("| sft | `language` | python | \(rows ?? 0) |"))
    }

    @Test("Rows whose writers ask for excluded terms are dropped with a reason, and others stay")
    func excludedTerms() async throws {
        let bench = try bench()
        let recipe = try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
        func run(excluding term: String) async throws -> JSONValue {
            let options = ", options: { exclude_terms: [\(term)] }"
            try bench.write(
                recipe.edited("write: sft-messages", to: "write: sft-messages" + options)
                    .edited("write: dpo", to: "write: dpo" + options),
                to: "recipe.yaml"
            )
            let end = try await bench.run()
            #expect(end.code == 0, "\(end.errors)")
            return try await bench.report()
        }
        let kept = try await run(excluding: "cc-by-4.0")
        let none = try await run(excluding: "ask-first")

        #expect(kept["counts"]?["exported"]?.whole ?? 0 > 0 && kept["pairs"]?.whole ?? 0 > 0)
        #expect(none["counts"]?["exported"]?.whole == 0 && none["pairs"]?.whole == 0)
        let dropped = none["counts"]?["dropped"]
        #expect(dropped?["excluded-terms"]?.whole ?? 0 > 0, "\(none.pretty)")
        let refused = (dropped?["excluded-terms"]?.whole ?? 0) + (dropped?["unpaired"]?.whole ?? 0)
        #expect(refused == kept["counts"]?["exported"]?.whole)
        #expect(Bench.addsUp(none))
    }
}
