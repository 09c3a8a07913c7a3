import CorpusConfig
import CorpusDiagnostics
import CorpusKit

extension Planner {
    /// Reports a role whose model is behind an API that has no words for what the plug-in will ask.
    mutating func check(
        _ model: PlannedModel,
        serves role: String,
        of manifest: Manifest,
        at location: Diagnostic.Location
    ) {
        let api = model.spec.api
        let use = manifest.uses[role] ?? .turns
        guard api.use == use else {
            fault(
                "unsuitable-model",
                "`\(manifest.name)` \(use.asking), and `\(model.spec.name)` \(api.use.answering)",
                at: location,
                hint: use.hint
            )
            return
        }
        for need in manifest.needs.sorted(by: { $0.rawValue < $1.rawValue })
        where !api.serves(need, schemaField: model.spec.schemaField) {
            fault(
                "unsuitable-model",
                "`\(manifest.name)` needs \(need.words), and the API `\(api.rawValue)` has none",
                at: location,
                hint: need == .grammar
                    ? "say `schema: structured_outputs` for vLLM, or `schema: json_schema` for llama.cpp"
                    : "give it a model with another `api:`"
            )
        }
    }
}

extension ModelUse {
    /// What a plug-in does with a model, behind its name.
    fileprivate var asking: String {
        switch self {
        case .turns: "asks its model in turns"
        case .prompt: "lets its model continue raw text"
        case .embeddings: "has its model turn texts into vectors"
        }
    }

    /// What a model takes, behind its name.
    fileprivate var answering: String {
        switch self {
        case .turns: "takes turns only"
        case .prompt: "takes raw text only"
        case .embeddings: "gives vectors only"
        }
    }

    /// Which model would do.
    fileprivate var hint: String {
        switch self {
        case .turns: "give it a model with `api: openai`, or without `api:`"
        case .prompt: "give it a model with `api: openai-completions`"
        case .embeddings: "give it a model with `api: openai-embeddings`"
        }
    }
}

extension Manifest.Need {
    /// The need in words; only those that an API can lack.
    fileprivate var words: String {
        switch self {
        case .model, .sandbox: rawValue
        case .stopTexts: "stop texts"
        case .tools: "tools"
        case .likelihoods: "the likelihoods of tokens"
        case .grammar: "grammars"
        }
    }
}
