import CorpusConfig
import CorpusDiagnostics
import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import Synchronization

// Runs seeds that cost nothing through stages that do nothing, with a ledger, as a run does. Prints one line of JSON.
//
// engine-bench --folder FOLDER [--seeds N] [--stages N] [--width N]
//
// The same command again resumes: every outcome is on the ledger then, and only looked up.

var options: [String: String] = [:]
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
    guard word.hasPrefix("--"), let value = words.popFirst() else {
        FileHandle.standardError.write(Data("error: `\(word)` needs a value\n".utf8))
        exit(64)
    }
    options[String(word.dropFirst(2))] = value
}
let folder = options["folder"] ?? NSTemporaryDirectory() + "engine-bench-\(getpid())"
let seeds = Int(options["seeds"] ?? "") ?? 100_000
let stages = Int(options["stages"] ?? "") ?? 3

/// Numbered tasks of some hundred bytes, made while they are asked for.
struct Numbers: SourcePlugin {
    struct Options: PluginOptions { var count = 0 }

    static let manifest = Manifest(name: "numbers", version: 1, summary: "numbered tasks")
    let options: Options

    init(options: Options, setup: PluginSetup) throws { self.options = options }

    func knownFields() throws -> Set<String>? { ["instruction"] }
    func countEstimate() throws -> Int? { options.count }
    func rows() throws -> any AsyncSequence<SourceRow, any Error> { Rows(count: options.count) }

    struct Rows: AsyncSequence, AsyncIteratorProtocol {
        typealias Failure = any Error
        let count: Int
        var next = 0

        mutating func next() async throws -> SourceRow? {
            guard next < count else { return nil }
            defer { next += 1 }
            let text =
                "Write a function that returns the number \(next), and say in one sentence what it is good for."
            return .seed(
                Seed(
                    id: String(next),
                    content: Content(fields: ["instruction": .string(text)]),
                    origin: Origin(source: "numbers", path: "numbers", line: next + 1),
                    licence: "MIT"
                )
            )
        }

        func makeAsyncIterator() -> Rows { self }
    }
}

/// Keeps everything.
struct Nothing: FilterPlugin {
    static let manifest = Manifest(name: "nothing", version: 1, summary: "keeps everything")
    static let selfChecks: [SelfCheck] = []

    init(options: NoOptions, setup: PluginSetup) throws {}

    func selection(of sample: Sample) throws -> Selection { .keep() }
}

/// Where the seeds end; writes nothing.
struct Nowhere: ExporterPlugin {
    static let manifest = Manifest(name: "nowhere", version: 1, summary: "writes nothing")

    init(options: NoOptions, setup: PluginSetup) throws {}

    var takes: ExportTakes { .samples }

    func write(
        _ rows: any AsyncSequence<ExportRow, any Error>,
        for job: ExportJob
    ) async throws -> ExportReceipt {
        ExportReceipt(files: [], features: "")
    }
}

struct NoEndpoint: ModelEndpoint {
    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        throw WorkFailure("bad-endpoint", "nobody is to be asked", stopsRun: true)
    }
}

func used() -> Double {
    var usage = rusage()
    unsafe getrusage(0, &usage)
    let times = [usage.ru_utime, usage.ru_stime]
    return times.reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
}

func memory(_ key: String) -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
    return Double(line?.split(separator: " ").dropLast().last ?? "") ?? 0
}

let chain = (1...stages).map { number in
    "  s\(number): { filter: nothing, from: \(number == 1 ? "tasks" : "s\(number - 1)") }"
}
let recipe = """
    version: 1
    name: engine
    random_seed: 1
    sources: { tasks: { read: numbers, count: \(seeds) } }
    stages:
    \(chain.joined(separator: "\n"))
    exports: { all: { write: nowhere, from: s\(stages) } }

    """
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
let plan = try Planner.plan(
    RecipeReading(ConfigDocument(file: "engine.yaml", text: recipe)),
    registry: PluginRegistry(
        sources: [PluginEntry(Numbers.self)],
        generators: [],
        verifiers: [],
        filters: [PluginEntry(Nothing.self)],
        selectors: [],
        pairers: [],
        exporters: [PluginEntry(Nowhere.self)]
    ),
    finder: ResourceLocator(recipe: nil, program: nil),
    localModels: { _ in .unknown([]) }
)
let ledger = try Ledger.begin(
    path: folder + "/ledger.sqlite",
    name: "engine",
    recipe: recipe,
    plan: plan.json,
    product: "bench",
    now: 0
)
let engine = Engine(
    plan: plan,
    ledger: ledger,
    services: RunServices(endpoint: NoEndpoint(), sandbox: nil, now: { 0 }),
    control: RunControl()
)
let clock = ContinuousClock()
let start = clock.now
let before = used()
let end = try await engine.run { _ in }
let took = (clock.now - start) / .seconds(1)
let cpu = used() - before
try ledger.end(state: "done", now: 0)
let file = (try FileManager.default.attributesOfItem(atPath: folder + "/ledger.sqlite")[.size] as? Int) ?? 0
// The source and the export book every seed as well; they are not counted.
let outcomes = seeds * stages
print(
    """
    {"seeds": \(seeds), "stages": \(stages), "outcomes": \(outcomes), "seconds": \(took), \
    "outcomes_per_second": \(Double(outcomes) / took), "cpu_us_per_outcome": \(cpu / Double(outcomes) * 1e6), \
    "peak_mb": \(memory("VmHWM:") / 1024), "ledger_mb": \(Double(file) / 1_048_576), \
    "stopped": \(end.stop.map { "\"\($0)\"" } ?? "null")}
    """
)
