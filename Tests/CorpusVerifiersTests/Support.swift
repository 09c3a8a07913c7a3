import CorpusKit
import CorpusVerifiers
import Foundation
import Synchronization
import Testing

/// A host that says what it was told to say, in order; the last answer repeats.
final class ScriptedHost: PluginHost {
    private struct Script {
        var replies: [ModelReply]
        var results: [ExecutionResult]
        var asked: [(messages: [Message], settings: CallSettings)] = []
        var jobs: [ExecutionJob] = []
    }

    private let script: Mutex<Script>

    init(replies: [ModelReply] = [], results: [ExecutionResult] = []) {
        script = Mutex(Script(replies: replies, results: results))
    }

    convenience init(texts: [String], verdicts: [ExecutionResult.Verdict] = [.ok]) {
        self.init(
            replies: texts.map { ModelReply(text: $0) },
            results: verdicts.map(ExecutionResult.init(of:))
        )
    }

    var asked: [[Message]] { script.withLock { $0.asked.map(\.messages) } }
    var settings: [CallSettings] { script.withLock { $0.asked.map(\.settings) } }
    var jobs: [ExecutionJob] { script.withLock { $0.jobs } }
    var context: PluginContext {
        PluginContext(ordinal: 0, random: RandomStream(seed: 1, purpose: ["test"]), host: self)
    }

    func reply(to messages: [Message], role: String?, settings: CallSettings) async throws -> ModelReply {
        try script.withLock { script in
            script.asked.append((messages, settings))
            guard let reply = Self.next(&script.replies) else {
                throw WorkFailure("transport", "no reply is left")
            }
            return reply
        }
    }

    func run(_ job: ExecutionJob) async throws -> ExecutionResult {
        try script.withLock { script in
            script.jobs.append(job)
            guard let result = Self.next(&script.results) else {
                throw WorkFailure("sandbox-error", "no result is left")
            }
            return result
        }
    }

    func drop(_ reason: ReasonCode, _ summary: String, text: String?) {}

    private static func next<Element>(_ list: inout [Element]) -> Element? {
        list.count > 1 ? list.removeFirst() : list.first
    }
}

extension ExecutionResult {
    /// A result of two tests that ends with a verdict.
    init(of verdict: Verdict) {
        let tests = verdict == .ok ? [Test(.ok), Test(.ok)] : [Test(.ok), Test(verdict)]
        self.init(verdict, tests: tests, total: 2, isolation: "full", toolchain: "python 3")
    }
}

/// Finds files in a dictionary, and the templates in the repository.
struct RepositoryFinder: ResourceFinder {
    func locate(_ name: String) throws -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../\(name)")
            .standardizedFileURL.path
    }

    func bytes(at path: String) throws -> [UInt8] {
        do { return Array(try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
            throw ResourceProblem(name: path, "cannot read `\(path)`")
        }
    }

    func files(matching pattern: String) throws -> [String] { [] }
}

func sample(
    _ fields: [String: JSONValue],
    labels: [String: JSONValue] = [:],
    evidence: Evidence.Outcome? = nil,
    ordinal: Int = 0
) -> Sample {
    let content = Content(fields: fields, labels: labels)
    let key = ItemKey(deriving: [content.id, String(ordinal)])
    return Sample(
        key: key,
        content: content,
        group: key,
        task: key,
        origin: Origin(source: "test"),
        licence: nil,
        evidence: evidence.map { [Evidence("tests", $0, about: content.id)] } ?? [],
        provenance: []
    )
}

/// Builds a built-in verifier the way the engine does.
func verifier(
    _ name: String,
    _ options: JSONValue = [:],
    roles: Set<String> = []
) throws -> VerifierKind {
    let entry = try #require(BuiltInVerifiers.all.first { $0.manifest.name == name })
    return try entry.make(
        options,
        roles,
        PluginSetup(plugin: name, stage: "test", finder: RepositoryFinder())
    )
}

func single(_ name: String, _ options: JSONValue = [:], roles: Set<String> = []) throws -> any Verifier {
    guard case .single(let verifier) = try verifier(name, options, roles: roles) else {
        throw WorkFailure("plugin-error", "`\(name)` judges groups")
    }
    return verifier
}
