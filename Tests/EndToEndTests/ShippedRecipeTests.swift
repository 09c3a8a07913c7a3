import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("The shipped recipes, run with a scripted model", .timeLimit(.minutes(5)))
struct ShippedRecipeTests {
    @Test(
        "The quickstart's tasks are restyled, solved, tested and paired, and every candidate is accounted for"
    )
    func quickstart() async throws {
        let tasks = try Task.all()
        let bench = try Bench { request in QuickstartModel.answer(request, tasks) }
        try bench.write(Self.recipe("quickstart", for: bench), to: "recipe.yaml")
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let report = try await Self.report("quickstart", bench)

        #expect(Bench.addsUp(report), "\(report.pretty)")
        let dropped = report["counts"]?["dropped"]?.members ?? [:]
        for reason in ["test-failed", "refusal", "truncated", "format-broken"] {
            #expect(dropped[reason]?.whole ?? 0 > 0, "\(reason) in \(dropped)")
        }
        let exported = try #require(report["counts"]?["exported"]?.whole)
        let pairs = try #require(report["pairs"]?.whole)
        #expect(exported > 20 && pairs > 10, "\(report.pretty)")
        #expect(try Self.rows("quickstart/export/sft", bench).count == exported)
        #expect(try Self.rows("quickstart/export/dpo", bench).count == pairs)
        #expect(content(of: bench.folder + "/output/quickstart/export/README.md").contains("quickstart"))

        // The example in the command's help names a seed of this recipe.
        let help = try await Program.run("explain", "--help")
        let words = try #require(
            help.output.split(separator: "\n").last { $0.contains("Example: corpusmith ") }
        )
        .split(separator: " ").dropFirst(2).map(String.init)
        let example = try await Program.start(words, folder: bench.folder).end()
        let row = try JSONValue(
            parsing: String(try #require(Self.rows("quickstart/export/sft", bench).first))
        )
        let story = try await Program.run("explain", row["id"]?.text ?? "", folder: bench.folder)
        #expect(example.code == 0, "the help of `explain` names no seed such as \(story.output.prefix(17))")
    }

    @Test(
        "Code becomes tasks, harder tasks and answers, graded by topic, and every candidate is accounted for"
    )
    func fromCode() async throws {
        let bench = try Bench { request in CodeModel.answer(request) }
        for number in 1...48 {
            try bench.write(CodeModel.snippet(number), to: "code/module\(number).py")
        }
        let recipe = try Self.recipe("from-code", for: bench).edited(
            #""/usr/lib/python3*/**/*.py""#,
            to: #""code/*.py""#
        )
        try bench.write(recipe, to: "recipe.yaml")
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let report = try await Self.report("from-code", bench)

        #expect(Bench.addsUp(report), "\(report.pretty)")
        let dropped = report["counts"]?["dropped"]?.members ?? [:]
        for reason in ["refusal", "truncated", "format-broken", "prompt-leak", "no-gain", "too-easy"] {
            #expect(dropped[reason]?.whole ?? 0 > 0, "\(reason) in \(dropped)")
        }
        let drafts = report["stages"]?.elements?.compactMap { $0["drafts"]?.whole } ?? []
        #expect(drafts.reduce(0, +) >= 30, "\(report.pretty)")
        let exported = try #require(report["counts"]?["exported"]?.whole)
        #expect(exported > 20, "\(report.pretty)")
        #expect(try Self.rows("from-code/export/sft", bench).count == exported)
    }

    @Test(
        "What the bundled model once made of code is replayed: enough drafts, and many ways of failing told apart"
    )
    func recordedFromCode() async throws {
        let bench = try Bench()
        let recipe = try String(
            contentsOfFile: Repository.path + "/Templates/Recipes/from-code.yaml",
            encoding: .utf8
        )
        .edited(
            #""/usr/lib/python3*/**/*.py""#,
            to: "\"\(Repository.path)/Tests/Fixtures/python-functions/*.py\""
        )
        .edited("per_file: 1", to: "per_file: 6")
        try bench.write(recipe, to: "recipe.yaml")

        let end = try await Program.run(
            "run",
            "recipe.yaml",
            "--replay",
            "--cassette",
            Repository.path + "/Tests/Fixtures/cassettes/from-code",
            "--quiet",
            folder: bench.folder,
            environment: ["CORPUSMITH_MODELS": bench.folder + "/nothing"]
        )
        let report = try await Self.report("from-code", bench)

        #expect(end.code == 0, "\(end.errors)")
        #expect(report["spending"]?["calls"]?.whole == 0)
        #expect(Bench.addsUp(report), "\(report.pretty)")
        let drafts = report["stages"]?.elements?.compactMap { $0["drafts"]?.whole } ?? []
        #expect(drafts.reduce(0, +) >= 30, "\(report.pretty)")
        #expect(report["counts"]?["dropped"]?.members?.count ?? 0 >= 5, "\(report.pretty)")
    }

    /// The recipe as it ships, but for the model, whose place the scripted one takes.
    private static func recipe(_ name: String, for bench: Bench) throws -> String {
        let text = try String(
            contentsOfFile: Repository.path + "/Templates/Recipes/\(name).yaml",
            encoding: .utf8
        )
        let changed = text.edited(
            "local: smollm2-135m",
            to: "url: \"\(bench.server.url)\", model: scripted"
        ).replacingOccurrences(
            // Attempts at one task ask the same question; the bundled model is told them apart by a seed.
            of: "sampling: { temperature:",
            with: "sampling: { seed: true, temperature:"
        )
        #expect(changed != text)
        return changed
    }

    private static func report(_ name: String, _ bench: Bench) async throws -> JSONValue {
        try await Program.run("report", "output/\(name)", "--json", folder: bench.folder).json
    }

    private static func rows(_ folder: String, _ bench: Bench) throws -> [Substring] {
        let root = bench.folder + "/output/" + folder
        return try FileManager.default.contentsOfDirectory(atPath: root).filter { $0.hasSuffix(".jsonl") }
            .flatMap { content(of: root + "/" + $0).split(separator: "\n") }
    }
}

/// One task of the seeds that ship.
private struct Task: Sendable {
    var name: String
    var tests: String

    static func all() throws -> [Task] {
        try content(of: Repository.path + "/Seeds/python-functions.jsonl").split(separator: "\n").map {
            line in
            let row = try JSONValue(parsing: String(line))
            let name = try #require(row["entry_point"]?.text)
            return Task(name: name, tests: try #require(row["tests"]?["cases"]).canonical)
        }
    }

    /// A function that knows the hidden tests by heart, or one that gets every one of them wrong.
    func solution(isRight: Bool, draw: Int) -> String {
        let row = ["case", "entry", "known"][draw % 3]
        let answer = #"\#(row)["expect"]"#
        return """
            ```python
            import json

            def \(name)(*arguments):
                for \(row) in json.loads(\(JSONValue.string(tests).canonical)):
                    if \(row)["args"] == list(arguments):
                        return \(isRight ? answer : #"[\#(answer), "wrong"]"#)
            ```
            """
    }
}

/// What a request asks, and a number drawn from it.
private struct Question {
    let text: String
    let draw: Int

    init(_ request: TestServer.Request) {
        let body = try? JSONValue(parsing: request.body)
        text = body?["messages"]?.elements?.last?["content"]?.text ?? ""
        draw = Int(Digest(of: request.text).bytes[0])
    }

    /// What follows a mark on its line.
    func line(after mark: String) -> String {
        text.components(separatedBy: mark).last?.split(separator: "\n").first.map(String.init) ?? ""
    }
}

/// Restyles well and solves two tasks of five, in the ways in which small models fail.
private enum QuickstartModel {
    static func answer(_ request: TestServer.Request, _ tasks: [Task]) -> Answer {
        let question = Question(request)
        if question.text.hasPrefix("Style: ") {
            let task = question.line(after: "\nTask: ").split(separator: " ").joined(separator: " ")
            let words = task.hasSuffix(".") ? task.dropLast() : task[...]
            let lower = words.prefix(1).lowercased() + words.dropFirst()
            return .reply(
                question.draw % 3 == 0 ? "Could you \(lower)?" : "I need a function to \(lower), please."
            )
        }
        guard let task = tasks.first(where: { question.text.contains("def \($0.name)(") }) else {
            return .status(400, #"{"error":{"message":"nobody knows this task"}}"#)
        }
        switch question.draw % 10 {
        case 0...3: return .reply(task.solution(isRight: true, draw: question.draw))
        case 4...6: return .reply(task.solution(isRight: false, draw: question.draw))
        case 7: return .reply("I'm sorry, but I can't help with that.")
        case 8: return .reply("```python\ndef \(task.name)(", finish: "length")
        default: return .reply("The function \(task.name) should do what the task says.")
        }
    }
}

/// Plays the teacher and the judge of `from-code`.
private enum CodeModel {
    static func snippet(_ number: Int) -> String {
        """
        def tally_\(number)(lines):
            found = {}
            for line in lines:
                key = line.strip().lower()[:\(number)]
                found[key] = found.get(key, 0) + \(number)
            return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))

        """
    }

    static func answer(_ request: TestServer.Request) -> Answer {
        let question = Question(request)
        let draw = question.draw
        if question.text.hasPrefix("Invent a ") {
            return problem(question)
        }
        if question.text.hasPrefix("Name the topic") { return .reply(#"{"topic": "string processing"}"#) }
        if question.text.hasPrefix("Say how difficult") {
            return .reply(#"{"score": \#(1 + draw % 9), "reason": "it takes a plan"}"#)
        }
        if question.text.hasPrefix("Task: ") {
            let task = question.line(after: "Task: ")
            return .reply(task + " Leave out keys that turn up once, and give an empty list for None.")
        }
        return .reply(
            "```python\ndef answer(lines):\n    return [line for line in lines if len(line) > \(draw)]\n```"
        )
    }

    /// A problem with its solution, or one of the ways in which small models fail at it, by the snippet's number.
    private static func problem(_ question: Question) -> Answer {
        let name = question.text.components(separatedBy: "def ").last?.prefix { $0 != "(" } ?? "tally"
        let number = name.split(separator: "_").last.flatMap { Int($0) } ?? 0
        let exercise = exercise(String(name))
        switch number % 12 {
        case 0: return .reply("I'm sorry, but I can't help with that.")
        case 1: return .reply(String(exercise.prefix(120)), finish: "length")
        case 2: return .reply("Problem:\nCount the beginnings of lines.\n\nSolution:\nUse a dictionary.")
        case 3: return .reply(exercise.edited("Problem:\n", to: "Problem:\nLook at the code snippet. "))
        case 4:
            return .reply(
                "Problem:\nCount how often each line turns up.\n\nSolution:\n```python\n\(snippet(number))```"
            )
        default: return .reply(exercise)
        }
    }

    private static func exercise(_ name: String) -> String {
        """
        Problem:
        Write a function `most_\(name)(lines)` that counts how often each beginning of a line turns up, whatever its \
        case, and returns the pairs of beginning and count, the most frequent first.

        Solution:
        ```python
        def most_\(name)(lines):
            counts = {}
            for line in lines:
                counts[line[:3].lower()] = counts.get(line[:3].lower(), 0) + 1
            return sorted(counts.items(), key=lambda pair: -pair[1])
        ```
        """
    }
}
