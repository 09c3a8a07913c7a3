import CorpusConfig
import CorpusDiagnostics
public import CorpusKit

/// A generator made of prompts and nothing else, read from `Templates/Generators/NAME/`.
///
/// `generator.yaml` names it and lists the fields that its prompts use; `system.jinja` (optional) and `user.jinja` are
/// the prompts. The rendered user prompt becomes the user turn of the draft, the reply its assistant turn. A reply that
/// is cut off, blank, far too long or a refusal is no answer and is booked with its reason. So is a seed that lacks a field
/// which a prompt needs.
///
/// Where there is `prompt.jinja`, a ``RawPromptGenerator`` is made instead.
struct TemplateGenerator: Generator {
    let system: PromptTemplate?
    let user: PromptTemplate

    var worstCaseCalls: [String: Int] { ["model": 1] }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        for name in (system?.variables ?? []) + user.variables {
            guard seed.content.fields[name] ?? .null == .null else { continue }
            throw SeedProblem(seed: seed.id, field: name, "the seed has no field `\(name)`")
        }
        let question = try user.rendered(with: seed.content.fields)
        var prompt: [Message] = []
        if let system { prompt.append(Message(.system, try system.rendered(with: seed.content.fields))) }
        prompt.append(Message(.user, question))
        let answer = try await context.reply(to: prompt).usableText()
        return [Draft(from: seed, messages: [Message(.user, question), Message(.assistant, answer)])]
    }
}

/// The template-only generators that can be found from where a recipe lies.
public enum TemplateGenerators: Sendable {
    /// Reads every `Templates/Generators/NAME/generator.yaml`.
    ///
    /// - Parameter finder: Finds the templates.
    /// - Returns: One entry for each, by path.
    /// - Throws: What is wrong with a generator's file: a `DiagnosticReport` with its place.
    public static func all(finder: any ResourceFinder) throws -> [PluginEntry<any Generator>] {
        try finder.allFiles(matching: "Templates/Generators/*/generator.yaml").map {
            try entry(at: $0, finder: finder)
        }
    }

    private static func entry(at path: String, finder: any ResourceFinder) throws -> PluginEntry<
        any Generator
    > {
        let text = String(decoding: try finder.bytes(at: path), as: UTF8.self)
        let manifest = try manifest(at: path, text: text, finder: finder)
        let folder = "Templates/Generators/\(manifest.name)"
        let hasSystem = (try? finder.locate("\(folder)/system.jinja")) != nil
        let hasUser = (try? finder.locate("\(folder)/user.jinja")) != nil
        let isRaw = manifest.uses["model"] == .prompt
        return PluginEntry(
            manifest,
            defaults: isRaw ? ["attempts": 1] : [:],
            meanings: isRaw
                ? ["attempts": "How many times each seed's prompt is continued; 1 to 10000."] : [:]
        ) { options, _, setup in
            let known = isRaw ? ["attempts"] : []
            if let name = options.members?.keys.sorted().first(where: { !known.contains($0) }) {
                throw UnknownOption(name: name, plugin: manifest.name)
            }
            func prompt(_ name: String) throws -> PromptTemplate {
                let prompt = try PromptTemplate(
                    file: setup.file("\(folder)/\(name).jinja"),
                    variables: Set(manifest.requires)
                ) {
                    try setup.file("\(folder)/\($0)")
                }
                setup.note(filledFromSeeds: prompt)
                return prompt
            }
            guard isRaw else {
                return TemplateGenerator(
                    system: hasSystem ? try prompt("system") : nil,
                    user: try prompt("user")
                )
            }
            guard let attempts = (options["attempts"] ?? 1).whole, (1...10_000).contains(attempts) else {
                throw BadOption("attempts", "must be a whole number from 1 to 10000")
            }
            return RawPromptGenerator(
                prompt: try prompt("prompt"),
                user: hasUser ? try prompt("user") : nil,
                attempts: attempts
            )
        }
    }

    private static func manifest(
        at path: String,
        text: String,
        finder: any ResourceFinder
    ) throws -> Manifest {
        let known = ["name", "version", "summary", "fields"]
        let document: ConfigDocument
        do {
            document = try ConfigDocument(file: path, text: text)
        } catch {
            throw DiagnosticReport([error], sources: [path: text])
        }
        var faults: [Diagnostic] = []
        for member in document.root.members ?? [] where !known.contains(member.key) {
            faults.append(
                Diagnostic(
                    "unknown-key",
                    "unknown key `\(member.key)` in a generator's description",
                    at: member.keyLocation,
                    hint: nearestHint(for: member.key, among: known)
                )
            )
        }
        let folder = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
        let name = document.root["name"]?.value.json.text
        if name != folder || !ReasonCode.isWellFormed(folder) {
            faults.append(
                Diagnostic(
                    "bad-name",
                    "`name` must be the name of the folder, `\(folder)`, in kebab-case",
                    at: document.root["name"]?.value.location ?? document.root.location
                )
            )
        }
        let version = document.root["version"]?.value.json.whole
        if version ?? 0 < 1 {
            faults.append(
                Diagnostic(
                    "wrong-type",
                    "`version` must be a whole number from 1",
                    at: document.root["version"]?.value.location ?? document.root.location
                )
            )
        }
        let summary = document.root["summary"]?.value.json.text
        if summary == nil {
            faults.append(
                Diagnostic("missing-field", "the description needs `summary`", at: document.root.location)
            )
        }
        let fields = document.root["fields"]?.value.json.elements?.compactMap(\.text)
        if fields == nil {
            faults.append(
                Diagnostic(
                    "missing-field",
                    "the description needs `fields`, the list of seed fields that its prompts use",
                    at: document.root["fields"]?.value.location ?? document.root.location,
                    hint: "write `fields: []` for none"
                )
            )
        }
        func has(_ file: String) -> Bool {
            (try? finder.locate("Templates/Generators/\(folder)/\(file).jinja")) != nil
        }
        let isRaw = has("prompt")
        if isRaw, has("system") {
            faults.append(
                Diagnostic(
                    "misplaced-file",
                    "a raw prompt has no system turn, so `system.jinja` beside `prompt.jinja` is never used",
                    at: document.root.location,
                    hint: "write its text into `prompt.jinja`, in the marks of the model's chat template"
                )
            )
        }
        guard faults.isEmpty, let name, let version, let summary, let fields else {
            throw DiagnosticReport(faults, sources: [path: text])
        }
        return Manifest(
            name: name,
            version: version,
            summary: summary,
            needs: [.model],
            uses: isRaw ? ["model": .prompt] : [:],
            requires: fields,
            produces: isRaw && !has("user") ? ["instruction"] : [],
            reasons: ["empty", "truncated", "refusal", "low-quality", "missing-field"]
        )
    }
}
