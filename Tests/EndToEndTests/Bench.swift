import CorpusModel
import Foundation
import TestSupport

/// A folder of its own with seeds and a recipe, and a scripted model server.
final class Bench: Sendable {
    let folder: String
    let server: TestServer

    /// Tasks that a scripted model solves in some of its attempts.
    static let tasks = (1...6).map(task)

    /// A task that a prompt can speak of by one digit.
    static func task(_ number: Int) -> String {
        """
        {"id":"t\(number)","instruction":"Add \(number) to the given number.","signature":"def add_\(number)(x):",\
        "example":"add_\(number)(1) -> \(number + 1)","entry_point":"add_\(number)",\
        "tests":{"kind":"call","entry_point":"add_\(number)","cases":[{"args":[0],"expect":\(number)},\
        {"args":[10],"expect":\(number + 10)},{"args":[-5],"expect":\(number - 5)}]},"labels":{"language":"python"}}
        """
    }

    init(
        seeds: String = Bench.tasks.joined(separator: "\n") + "\n",
        answer: @escaping @Sendable (TestServer.Request) -> Answer = Bench.model,
        list: @escaping @Sendable (TestServer.Request) -> Answer = { _ in Bench.list }
    ) throws {
        folder = NSTemporaryDirectory() + "corpusmith-e2e-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        server = try TestServer { request in
            request.method == "GET" ? list(request) : answer(request)
        }
        try write(seeds, to: "seeds.jsonl")
        try write(recipe(), to: "recipe.yaml")
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The list of models of a server that has the one that the recipe names.
    static let list = Answer.status(200, #"{"data":[{"id":"scripted"}]}"#)

    func write(_ text: String, to name: String) throws {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
        )
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    func recipe(url: String? = nil, extra: String = "") -> String {
        """
        version: 1
        name: bench
        random_seed: 5
        models:
          student: { url: "\(url ?? server.url)", model: scripted, limits: { concurrency: 4 }, sampling: { max_tokens: 100, seed: true }\(extra) }
        budget: { tokens: 1000000 }
        sources:
          tasks: { read: jsonl, path: seeds.jsonl, licence: MIT }
        stages:
          solved: { generate: solve, from: tasks, model: student, options: { attempts: 4 } }
          tested: { verify: tests, from: solved }
          rated:  { verify: pass-rate, from: tested, siblings: tested.fail }
          unique: { select: exact-duplicates, from: rated }
          pairs:  { pair: rollouts, chosen: unique, rejected: tested.fail }
        exports:
          sft: { write: sft-messages, from: unique, splits: { train: 0.8, test: 0.2 } }
          dpo: { write: dpo, from: pairs }

        """
    }

    /// The recipe without stages that run programs: in name spaces of its own, where a test may fill a disk, the sandbox
    /// cannot become another user, and what it cannot test is not paid for.
    func untestedRecipe() -> String {
        recipe().split(separator: "\n").filter { line in
            !["tested:", "rated:", "pairs:", "dpo:"].contains { line.contains($0) }
        }.joined(separator: "\n").replacing("from: rated", with: "from: solved") + "\n"
    }

    /// A model that adds right two times of three, in several wordings, from what the request says alone.
    static let model: @Sendable (TestServer.Request) -> Answer = { request in
        let number = Bench.task(in: request)
        let draw = Digest(of: request.text).bytes[0]
        switch draw % 6 {
        case 0, 1: return .chat("```python\\ndef add_\(number)(x):\\n    return x + \(number)\\n```")
        case 2: return .chat("```python\\ndef add_\(number)(n):\\n    return \(number) + n\\n```")
        case 3: return .chat("```python\\ndef add_\(number)(x):\\n    return x - \(number)\\n```")
        case 4: return .chat("```python\\ndef add_\(number)(x):\\n    return x * \(number) + \(draw)\\n```")
        default: return .chat("I cannot help with that.")
        }
    }

    /// The last task that a prompt speaks of; worked examples come before it.
    static func task(in request: TestServer.Request) -> Int {
        let parts = request.text.components(separatedBy: "def add_")
        return parts.dropFirst().compactMap { $0.first?.wholeNumberValue }.last ?? 0
    }

    /// Runs `corpusmith run recipe.yaml` in the folder.
    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.End {
        try await start(arguments, environment: environment).end()
    }

    func start(_ arguments: [String] = [], environment: [String: String] = [:]) throws -> Program.Running {
        try Program.start(
            ["run", "recipe.yaml", "--quiet"] + arguments,
            folder: folder,
            environment: environment
        )
    }

    /// Runs `corpusmith plan recipe.yaml` in the folder.
    func plan(_ arguments: String...) async throws -> Program.End {
        try await Program.start(["plan", "recipe.yaml"] + arguments, folder: folder).end()
    }

    /// What rehearsals left in a folder.
    static func remains(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            $0.hasPrefix(".corpusmith")
        }
    }

    /// The ledger's file, byte by byte.
    func ledgerBytes() throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: folder + "/output/bench/ledger.sqlite"))
    }

    /// The report as the program prints it.
    func report() async throws -> JSONValue {
        try await Program.run("report", "output/bench", "--json", folder: folder).json
    }

    /// Every file of a run's export folder by its path.
    func exports(of run: String = "output/bench") throws -> [String: String] {
        let root = folder + "/" + run + "/export"
        var files: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root) {
            let attributes = try FileManager.default.attributesOfItem(atPath: root + "/" + path)
            guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
            files[path] = try String(contentsOfFile: root + "/" + path, encoding: .utf8)
        }
        return files
    }

    func removeExports() throws {
        try FileManager.default.removeItem(atPath: folder + "/output/bench/export")
    }

    /// The exported rows alone, without what tells of the run.
    func rows(of run: String = "output/bench") throws -> [String: String] {
        try exports(of: run).filter { $0.key.hasPrefix("sft/") || $0.key.hasPrefix("dpo/") }
    }

    /// The report of a run as the program prints it.
    func report(of run: String) async throws -> JSONValue {
        try await Program.run("report", run, "--json", folder: folder).json
    }

    /// Runs one of the commands that look after ledgers.
    func ledger(_ arguments: String...) async throws -> Program.End {
        try await Program.start(["ledger"] + arguments, folder: folder).end()
    }

    /// The ledger of a run.
    func ledgerFile(of run: String = "output/bench") -> String { folder + "/" + run + "/ledger.sqlite" }

    /// How many model calls the server got.
    var calls: Int { server.requests.count { $0.method == "POST" } }

    /// Whether the sums of a report add up and nothing is open.
    static func addsUp(_ report: JSONValue) -> Bool {
        guard let counts = report["counts"], let candidates = counts["candidates"]?.whole,
            let exported = counts["exported"]?.whole, let dropped = counts["dropped"]?.members,
            let failed = counts["failed"]?.members
        else { return false }
        let sum = exported + (Array(dropped.values) + Array(failed.values)).compactMap(\.whole).reduce(0, +)
        return candidates == sum && counts["open"]?.whole == 0
    }
}
