import CorpusEndpoint
import CorpusKit
import CorpusPipeline
import Foundation

/// The bundled models, as the rest of the commands need them.
enum LocalModels {
    /// What requests call a bundled model: its name and the beginning of its weights' checksum.
    static func identity(of model: LocalModel) -> String { "\(model.name)@\(model.sha256.prefix(12))" }

    /// See ``Planner/LocalModelLookup``.
    static let lookup: @Sendable (String) -> Planner.LocalModelLookup = { name in
        guard let model = LocalModel.catalogue.first(where: { $0.name == name }) else {
            return .unknown(LocalModel.catalogue.map(\.name))
        }
        return .known(identity: identity(of: model), outputTerms: model.outputTerms)
    }

    /// Where a model lies, by default the first of the catalogue.
    ///
    /// - Throws: ``WorkFailure`` that says how to get it.
    static func check(_ name: String? = nil) throws -> String {
        try translating {
            guard let model = try name.map(LocalModel.named) ?? LocalModel.catalogue.first else {
                return "none"
            }
            return "\(model.name) in \(try model.folder())"
        }
    }

    /// Serves a model while a body runs.
    ///
    /// - Throws: ``WorkFailure`` with `local-model`, and what the body throws.
    static func serve(
        _ name: String,
        slots: Int,
        port: Int = 0,
        body: (String) async throws -> Void
    ) async throws {
        do {
            let model = try LocalModel.named(name)
            let settings = LocalModelServer.Settings(slots: slots, contextPerSlot: 2048, port: port)
            try await LocalModelServer.withServer(model, in: model.folder(), settings: settings) { address in
                try await body(address.absoluteString)
            }
        } catch let problem as LocalModelProblem {
            throw failure(problem)
        }
    }

    private static func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let problem as LocalModelProblem {
            throw failure(problem)
        }
    }

    private static func failure(_ problem: LocalModelProblem) -> WorkFailure {
        WorkFailure("local-model", problem.message, hint: problem.hint, stopsRun: true)
    }
}
