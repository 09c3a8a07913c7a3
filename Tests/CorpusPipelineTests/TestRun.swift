import CorpusConfig
import CorpusDiagnostics
import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import GRDB
import TestSupport

/// A run of a toy recipe in a folder of its own.
struct TestRun {
    static let recipe = """
        version: 1
        name: toy
        random_seed: 42
        models: { m: { url: "http://127.0.0.1:9/v1", model: toy, limits: { concurrency: 8 } } }
        budget: { tokens: 1000000 }
        sources: { tasks: { read: toy, count: 12, broken: 1 } }
        stages:
          solved: { generate: toy-solve, from: tasks, model: m }
          tested: { verify: toy-check, from: solved }
          rated:  { verify: toy-rate, from: tested, siblings: tested.fail }
          unique: { select: toy-unique, from: rated }
          pairs:  { pair: toy-pairs, chosen: unique, rejected: tested.fail }
        exports:
          sft: { write: toy-write, from: unique, splits: { train: 0.7, test: 0.3 } }
          dpo: { write: toy-write, from: pairs, options: { pairs: true } }

        """

    /// The recipe without pairs, so that what becomes of a sample is decided by its export alone.
    static let withoutPairs = recipe.split(separator: "\n").filter { !$0.contains("pair") }.joined(
        separator: "\n"
    )

    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "corpusmith-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    static func registry() throws -> PluginRegistry {
        try PluginRegistry(
            sources: [PluginEntry(ToySource.self)],
            generators: [
                PluginEntry(ToySolve.self), PluginEntry(ToyWitness.self), PluginEntry(ToyTools.self),
                PluginEntry(ToyBase.self), PluginEntry(ToyVectors.self), PluginEntry(ToyStubborn.self),
            ],
            verifiers: [
                PluginEntry(ToyCheck.self), PluginEntry(ToyRate.self), PluginEntry(ToyLabel.self),
                PluginEntry(ToyRun.self), PluginEntry(ToyJudge.self),
            ],
            filters: [PluginEntry(ToyMark.self)],
            selectors: [PluginEntry(ToyUnique.self)],
            pairers: [PluginEntry(ToyPairs.self)],
            exporters: [PluginEntry(ToyWriter.self)]
        )
    }

    static func plan(_ text: String) throws -> Plan {
        try Planner.plan(
            RecipeReading(ConfigDocument(file: "toy.yaml", text: text)),
            registry: registry(),
            finder: ResourceLocator(recipe: nil, program: nil),
            localModels: { _ in .unknown(["smollm2-135m"]) }
        )
    }

    /// One pass; exports are written when it is done.
    func pass(
        _ text: String = recipe,
        endpoint: any ModelEndpoint = ToyEndpoint(),
        sandbox: (any Sandbox)? = nil,
        control: RunControl = RunControl(),
        now: @escaping @Sendable () -> Double = { 0 },
        shard: Shard? = nil,
        progress: (Figures) -> Void = { _ in }
    ) async throws -> (end: PassEnd, report: RunReport) {
        let whole = try Self.plan(text)
        let plan = shard.map(whole.part) ?? whole
        var members = whole.json.members ?? [:]
        members["shard"] = shard?.json
        let ledger = try Ledger.begin(
            path: ledgerPath(shard),
            name: "toy",
            recipe: text,
            plan: .object(members),
            product: "test",
            now: 0
        )
        let engine = Engine(
            plan: plan,
            ledger: ledger,
            services: RunServices(endpoint: endpoint, sandbox: sandbox, now: now),
            control: control,
            shard: shard
        )
        let end = try await engine.run(progress: progress)
        if end.stop == nil, shard == nil {
            _ = try await ExportStep(plan: plan, ledger: ledger, folder: folder + "/export").run()
        }
        let done = shard == nil ? "done" : ShardLedger.done
        try ledger.end(state: end.stop == nil ? done : "stopped", now: 0)
        return (end, try ledger.report())
    }

    /// Every exported file's text by its name.
    func exports() throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/export")
        return try Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, try String(contentsOfFile: folder + "/export/" + $0, encoding: .utf8))
            }
        )
    }

    /// Where the ledger of the run, or of one of its shards, lies.
    func ledgerPath(_ shard: Shard? = nil) -> String {
        folder + (shard.map { "/\($0.folder)" } ?? "/ledger") + ".sqlite"
    }

    func ledger() throws -> Ledger { try Ledger.read(path: folder + "/ledger.sqlite") }

    /// Changes the ledger behind the product's back, and against its rules.
    func tamper(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: folder + "/ledger.sqlite", configuration: configuration)
        try queue.write {
            EarlierSchema.prepare($0) { try BodyDictionary.content(of: $0) }
            try $0.execute(sql: sql)
        }
        try queue.close()
    }
}
