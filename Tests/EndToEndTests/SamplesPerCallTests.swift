import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("Several attempts with one request", .timeLimit(.minutes(5)))
struct SamplesPerCallTests {
    /// A model whose choices differ, of which it gives at most so many.
    private static func model(most: Int = .max) -> @Sendable (TestServer.Request) -> Answer {
        { request in
            let number = Bench.task(in: request)
            let count = wanted(request)
            let answers = [
                "def add_\(number)(x):\\n    return x + \(number)",
                "def add_\(number)(n):\\n    return n - \(number)",
                "def add_\(number)(n):\\n    return \(number) + n",
                "def add_\(number)(x):\\n    return x * \(number) + 3",
            ]
            let choices = (0..<min(count, most)).map { index in
                #"{"message":{"content":"```python\n\#(answers[index % 4])\n```"},"finish_reason":"stop"}"#
            }
            let usage = #"{"prompt_tokens":100,"completion_tokens":\#(20 * choices.count)}"#
            return .status(200, #"{"choices":[\#(choices.joined(separator: ","))],"usage":\#(usage)}"#)
        }
    }

    private static func wanted(_ request: TestServer.Request) -> Int {
        (try? JSONValue(parsing: request.body))?["n"]?.whole ?? 1
    }

    private func bench(
        _ count: Int,
        _ answer: @escaping @Sendable (TestServer.Request) -> Answer
    ) throws -> Bench {
        let bench = try Bench(answer: answer)
        let extra = ", price: { input: 1, output: 2 }, samples_per_call: \(count)"
        try bench.write(
            bench.recipe(extra: extra).edited(", seed: true", to: ""),
            to: "recipe.yaml"
        )
        return bench
    }

    private func counts(_ bench: Bench) -> [Int] {
        bench.server.requests.filter { $0.method == "POST" }.map(Self.wanted).sorted()
    }

    @Test("One request brings the attempts at a task, each is a reply of its own, and none is bought again")
    func together() async throws {
        let bench = try bench(4, Self.model())
        let end = try await bench.run()
        let report = try await bench.report()
        let rows = try bench.rows()

        #expect(end.code == 0, "\(end.errors)")
        #expect(counts(bench) == Array(repeating: 4, count: 6))
        #expect(Bench.addsUp(report))
        #expect(report["counts"]?["candidates"]?.whole == 24)
        // Each prompt is paid for once: 6 times 100 tokens at 1 dollar a million, and 24 times 20 at 2.
        #expect(report["costs"]?["usd"]?.real == 0.00156, "\(report["costs"] ?? .null)")
        #expect(report["spending"]?["calls"]?.whole ?? report["costs"]?["calls"]?.whole == 24)

        // Asked one by one they have the same names on the ledger.
        try bench.removeExports()
        try bench.write(
            try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
                .edited("samples_per_call: 4", to: "samples_per_call: 1"),
            to: "recipe.yaml"
        )
        #expect(try await bench.run().code == 0)
        #expect(bench.calls == 6)
        #expect(try bench.rows() == rows)
    }

    @Test("Attempts are asked for in groups of the size that the recipe says")
    func groups() async throws {
        let bench = try bench(3, Self.model())
        #expect(try await bench.run().code == 0)
        // The fourth attempt at each task stands alone.
        #expect(counts(bench) == Array(repeating: 1, count: 6) + Array(repeating: 3, count: 6))
    }

    @Test("An endpoint that gives one reply at a time is asked for the others singly, and told of once")
    func oneAtATime() async throws {
        let bench = try bench(4, Self.model(most: 1))
        let end = try await Program.run("run", "recipe.yaml", folder: bench.folder)
        let report = try await bench.report()

        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == 24)
        #expect(Bench.addsUp(report))
        #expect(end.errors.components(separatedBy: "gave 1 of 4 replies").count == 2, "\(end.errors)")
    }

    @Test("An endpoint that refuses `n` is asked without it, however many tasks there are, and told of once")
    func refused() async throws {
        let model = Self.model()
        let bench = try bench(4) { request in
            Self.wanted(request) > 1 ? .status(400, #"{"error":{"message":"n must be 1"}}"#) : model(request)
        }
        let seeds = (1...40).map { number in
            Bench.tasks[0].replacing("\"t1\"", with: "\"t\(number)\"").replacing(
                "given number.",
                with: "number \(number)."
            )
        }
        try bench.write(seeds.joined(separator: "\n"), to: "seeds.jsonl")
        let end = try await Program.run("run", "recipe.yaml", folder: bench.folder)

        #expect(end.code == 0, "\(end.errors)")
        #expect(counts(bench).count(where: { $0 == 1 }) == 160)
        // Those of the first tasks, until it is clear that it is not about one of them.
        #expect(counts(bench).count(where: { $0 == 4 }) < 20)
        #expect(end.errors.components(separatedBy: "refused a request for 4 replies").count == 2)
        #expect(Bench.addsUp(try await bench.report()))
    }

    @Test("Attempts that cannot be had together are had singly", arguments: ["reply", "filter"])
    func failedTogether(what: String) async throws {
        let model = Self.model()
        let bench = try bench(4) { request in
            guard Self.wanted(request) > 1, Bench.task(in: request) == 2 else { return model(request) }
            return what == "reply"
                ? .status(200, #"{"choices":[{"message":"what?"}]}"#)
                : .status(400, #"{"error":{"code":"content_filter","message":"no"}}"#)
        }
        let end = try await bench.run()
        let report = try await bench.report()

        #expect(end.code == 0, "\(end.errors)")
        #expect(counts(bench).count(where: { $0 == 1 }) == 4)
        #expect(report["counts"]?["failed"] == [:])
        #expect(Bench.addsUp(report))
    }

    @Test("Two stages that ask the same, together and singly, never buy a reply twice")
    func sameQuestion() async throws {
        let bench = try bench(4, Self.model())
        let recipe = try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
        try bench.write(
            recipe.edited(
                "  tested:",
                to:
                    "  again:  { generate: solve, from: tasks, model: student, options: { attempts: 1 } }\n  tested:"
            ).edited("from: solved }", to: "from: [solved, again] }"),
            to: "recipe.yaml"
        )
        let end = try await bench.run()

        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.server.requests.filter { $0.method == "POST" }.map(Self.wanted).reduce(0, +) == 24)
        #expect(Bench.addsUp(try await bench.report()))
    }

    @Test("A budget with room for some attempts only buys these, and the run goes on where it stopped")
    func budget() async throws {
        let bench = try bench(4, Self.model())
        let recipe = try String(contentsOfFile: bench.folder + "/recipe.yaml", encoding: .utf8)
        try bench.write(
            recipe.edited("budget: { tokens: 1000000 }", to: "budget: { tokens: 1000000, calls: 10 }"),
            to: "recipe.yaml"
        )
        let end = try await bench.run()
        #expect(end.code == 75, "\(end.errors)")
        #expect(bench.server.requests.filter { $0.method == "POST" }.map(Self.wanted).reduce(0, +) == 10)

        try bench.write(recipe, to: "recipe.yaml")
        #expect(try await bench.run().code == 0)
        #expect(bench.server.requests.filter { $0.method == "POST" }.map(Self.wanted).reduce(0, +) == 24)
        #expect(Bench.addsUp(try await bench.report()))
    }

    @Test(
        "A kill loses at most what was in flight, and the next run ends as an undisturbed one",
        arguments: 1..<5
    )
    func killed(after: Int) async throws {
        let whole = try bench(4, Self.model())
        #expect(try await whole.run().code == 0)

        let gate = Latch()
        let model = Self.model()
        let bench = try bench(4) { request in
            if request.index > after + 1 { gate.pass() }
            return model(request)
        }
        let running = try bench.start()
        await bench.server.received(after + 2)
        running.signal(SIGKILL)
        _ = try await running.end()
        gate.open()
        let end = try await bench.run()

        #expect(end.code == 0, "\(end.errors)")
        #expect(try bench.rows() == whole.rows())
        // At most four requests were in flight.
        #expect((6...10).contains(bench.calls))
        #expect(Bench.addsUp(try await bench.report()))
    }
}
