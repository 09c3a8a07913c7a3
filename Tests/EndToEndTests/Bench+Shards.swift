import CorpusModel
import TestSupport
import Testing

extension Bench {
    /// Tasks that are each answered four times, at a price.
    static func sharded(
        tasks: [String] = (1...9).map(Bench.task),
        answer: @escaping @Sendable (TestServer.Request) -> Answer = Bench.model,
        changing change: (String) -> String = { $0 }
    ) throws -> Bench {
        let bench = try Bench(seeds: tasks.joined(separator: "\n") + "\n", answer: answer)
        let recipe = bench.recipe(extra: ", price: { input: 1, output: 2 }")
        try bench.write(change(recipe), to: "recipe.yaml")
        return bench
    }

    /// What an undisturbed run exports, and its report.
    func reference() async throws -> (exports: [String: String], report: JSONValue) {
        let end = try await run("--output", "output/reference")
        #expect(end.code == 0, "\(end.errors)")
        return (try exports(of: "output/reference"), try await report(of: "output/reference"))
    }

    func merge(_ arguments: String...) async throws -> Program.End {
        try await Program.start(["merge"] + arguments, folder: folder).end()
    }

    static func folder(of shard: String) -> String {
        "output/bench/shards/" + shard.replacing("/", with: "-of-")
    }

    /// What calls and attempts without a reply came to: their number and their price.
    static func paid(_ report: JSONValue) -> (calls: Int, dollars: Double) {
        let (spending, lost) = (report["spending"], report["spending"]?["unanswered"])
        return (
            (spending?["calls"]?.whole ?? 0) + (lost?["calls"]?.whole ?? 0),
            (spending?["usd"]?.real ?? 0) + (lost?["usd"]?.real ?? 0)
        )
    }
}
