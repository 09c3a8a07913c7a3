import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("Accounts of several runs", .timeLimit(.minutes(5)))
struct CampaignReportTests {
    @Test("A folder of runs is summed up, and a reply that several use counts once")
    func sums() async throws {
        let bench = try Bench()
        let price = bench.recipe(extra: ", price: { input: 1, output: 2 }") + "ledger: output/shared.sqlite\n"
        try bench.write("", to: "output/.keep")
        try bench.write(price, to: "recipe.yaml")
        _ = try await bench.run()
        try bench.write(price.edited("max_tokens: 100", to: "max_tokens: 90"), to: "recipe.yaml")
        _ = try await bench.run("--output", "output/other")
        try bench.write(price, to: "recipe.yaml")
        _ = try await bench.run("--output", "output/third")
        try FileManager.default.createSymbolicLink(
            atPath: bench.folder + "/output/linked",
            withDestinationPath: "other"
        )
        let end = try await Program.run("report", "output", "--json", folder: bench.folder)
        let text = try await Program.run("report", "output/", folder: bench.folder)
        let json = try end.json
        let runs = try #require(json["runs"]?.elements)
        let totals = try #require(json["totals"])

        #expect(end.code == 0 && text.code == 0, "\(end.errors) \(text.errors)")
        #expect(runs.map { $0["run"]?.text } == ["bench", "linked", "third"])
        #expect(runs.map { $0["calls"]?.whole } == [24, 24, 0])
        #expect(runs.map { $0["shared"]?.whole } == [0, 0, 24])
        #expect(totals["calls"]?.whole == bench.calls)
        for key in ["candidates", "exported", "dropped", "pairs", "input_tokens", "output_tokens"] {
            #expect(totals[key]?.whole == runs.compactMap { $0[key]?.whole }.reduce(0, +), "\(key)")
        }
        for run in runs {
            let own = try await bench.report(of: "output/" + (run["run"]?.text ?? ""))
            #expect(run["candidates"] == own["counts"]?["candidates"])
            #expect(run["usd"] == own["costs"]?["usd"])
        }
        // 48 calls of ten tokens at a dollar and five at two, for each million.
        #expect(totals["usd"]?.real == 0.00096)
        let lines = text.output.split(separator: "\n")
        #expect(lines.count == 5 && lines[0].hasPrefix("run"), "\(text.output)")
        #expect(lines[4].hasPrefix("all ") && lines[4].contains(" 48 "), "\(text.output)")
    }

    @Test("Shards that are not merged yet have lines of their own, and none once the run has what they paid")
    func shards() async throws {
        let bench = try Bench.sharded()
        for shard in ["1/2", "2/2"] { _ = try await bench.run("--shard", shard) }
        func account(_ folder: String) async throws -> (runs: [String?], calls: Int?) {
            let json = try await Program.run("report", folder, "--json", folder: bench.folder).json
            return (json["runs"]?.elements?.map { $0["run"]?.text } ?? [], json["totals"]?["calls"]?.whole)
        }
        let (before, own) = (try await account("output"), try await account("output/bench"))
        _ = try await bench.merge("recipe.yaml")
        let after = try await account("output")
        _ = try await bench.run("--shard", "1/3")
        let later = try await account("output")

        #expect(before.runs == ["bench/shards/1-of-2", "bench/shards/2-of-2"] && before.calls == 36)
        #expect(own.runs == ["shards/1-of-2", "shards/2-of-2"] && own.calls == 36)
        #expect(after.runs == ["bench"] && after.calls == 36)
        #expect(later.runs == ["bench", "bench/shards/1-of-3"] && later.calls == bench.calls)
    }

    @Test("A run that cannot be read is named and left out of the sums, and the exit code is 2")
    func unreadable() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        try bench.write(
            "not a database at all, but long enough to be looked at",
            to: "output/odd/ledger.sqlite"
        )
        let end = try await Program.run("report", "output", "--json", folder: bench.folder)
        let runs = try #require(try end.json["runs"]?.elements)
        let why = try await Program.run("report", "output", "--why", "3", folder: bench.folder)
        let empty = try await Program.run("report", "none", folder: bench.folder)

        #expect(end.code == 2 && end.errors.contains("error[ledger-foreign]"), "\(end.errors)")
        #expect(runs.map { $0["error"]?.text } == [nil, "ledger-foreign"])
        #expect(try end.json["totals"]?["calls"]?.whole == 24)
        #expect(why.code == 2 && why.errors.contains("error[several-runs]"), "\(why.errors)")
        #expect(empty.code == 2 && empty.errors.contains("error[ledger-missing]"), "\(empty.errors)")
    }
}
