import CorpusDiagnostics
import CorpusModel

extension RecipeReader {
    private static let topKeys = [
        "version", "name", "random_seed", "models", "budget", "target", "sandbox", "ledger", "sources",
        "stages", "exports",
    ]

    /// What the format has and this version of the program does not, with what to do without it.
    private static let laterStageKeys = [
        "derive": "leave the stage out: records cannot be cut from samples yet",
        "group": "leave it out: what descends from one task is a group",
    ]

    mutating func recipe(_ document: ConfigDocument) -> Recipe? {
        let root = document.root
        guard let top = members(of: root, known: Self.topKeys, in: "the recipe") else { return nil }
        // A section by another name is not absent.
        let isWhole = root.members?.allSatisfy { top[$0.key] != nil } ?? false
        for key in Self.topKeys where top[key] == nil {
            let isNeeded = ["version", "name", "sources", "stages", "exports"].contains(key)
            if isNeeded, !isMisspelt(key, in: root, known: Self.topKeys) {
                missing(key, in: "the recipe", at: root.location)
            }
            if isNeeded || !isWhole { gaps.sections.insert(key) }
        }
        if let version = whole(top["version"], "version", in: 1...Int.max), version != 1,
            let member = top["version"]
        {
            fault(
                "unknown-version",
                "this program reads recipes of version 1, not \(version)",
                at: member.value.location,
                hint: "install a newer corpusmith"
            )
            return nil
        }
        let name = text(top["name"], "name") ?? ""
        if let member = top["name"], !Self.isName(name, extra: "-_.") {
            fault(
                "bad-name",
                "`\(name)` cannot be the name of a run: it must begin with a letter or a digit and hold only letters, "
                    + "digits, `-`, `_` and `.`",
                at: member.value.location,
                hint: "the run's folder is called so: `name: my-corpus` gives `output/my-corpus/`"
            )
        }
        sourceNames = Set(top["sources"]?.value.members?.map(\.key) ?? [])
        let models = named(top["models"], "models") { reader, name, member in reader.model(name, member) }
        let sources = named(top["sources"], "sources") { reader, name, member in reader.source(name, member) }
        let stages = named(top["stages"], "stages") { reader, name, member in reader.stage(name, member) }
        let exports = named(top["exports"], "exports") { reader, name, member in reader.export(name, member) }
        checkNames(models: models, sources: sources, stages: stages)
        let given = top["models"]?.value.members ?? []
        let names = gaps.sections.contains("models") ? nil : given.map(\.key)
        let before = faults.count
        let budget = top["budget"].flatMap { self.budget($0, models: names) }
        if faults.count > before { gaps.sections.insert("budget") }
        return Recipe(
            file: document.file,
            text: document.text,
            name: name,
            randomSeed: whole(top["random_seed"], "random_seed", in: 0...Int.max) ?? 0,
            models: models,
            budget: budget,
            target: top["target"].flatMap { target($0) },
            sandbox: sandbox(top["sandbox"]),
            ledger: ledger(top["ledger"]),
            sources: sources,
            stages: stages,
            exports: exports,
            places: top.mapValues(\.keyLocation),
            gaps: gaps
        )
    }

    private mutating func named<Entry>(
        _ member: ConfigNode.Member?,
        _ key: String,
        _ read: (inout RecipeReader, String, ConfigNode.Member) -> Entry?
    ) -> [Entry] {
        guard let member else { return [] }
        guard let entries = member.value.members else {
            wrongType(member.value, key, "a mapping of names")
            gaps.sections.insert(key)
            return []
        }
        var result: [Entry] = []
        for entry in entries {
            if !Self.isName(entry.key, extra: "_-") {
                fault(
                    "bad-name",
                    "`\(entry.key)` is no name: use letters, digits, `_` and `-`",
                    at: entry.keyLocation
                )
            }
            let before = faults.count
            if let value = read(&self, entry.key, entry) { result.append(value) }
            if faults.count > before { gaps.entries[key, default: []].insert(entry.key) }
        }
        return result
    }

    private static func isName(_ name: String, extra: String) -> Bool {
        guard let first = name.first, first.isLetter || first.isNumber else { return false }
        return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || extra.contains($0)) }
    }

    private mutating func checkNames(models: [Recipe.Model], sources: [Recipe.Source], stages: [Recipe.Stage])
    {
        let taken = Set(sources.map(\.name))
        for stage in stages where taken.contains(stage.name) {
            fault(
                "duplicate-name",
                "a source and a stage are both called `\(stage.name)`",
                at: stage.location,
                hint: "rename one of them: `from:` could mean either"
            )
        }
    }

    // MARK: - Parts

    private mutating func sandbox(_ member: ConfigNode.Member?) -> Recipe.SandboxWish {
        guard let member else { return Recipe.SandboxWish(minimum: "oneshot", location: nil) }
        let levels = ["full", "oneshot", "landlock"]
        let parts = members(of: member.value, known: ["min_isolation"], in: "`sandbox`") ?? [:]
        let level = text(parts["min_isolation"], "min_isolation") ?? "oneshot"
        if let entry = parts["min_isolation"], !levels.contains(level) {
            fault(
                "bad-value",
                "expected `full`, `oneshot` or `landlock`, found `\(level)`",
                at: entry.value.location,
                hint: nearestHint(for: level, among: levels)
            )
        }
        return Recipe.SandboxWish(
            minimum: level,
            location: parts["min_isolation"]?.value.location ?? member.keyLocation
        )
    }

    private mutating func source(_ name: String, _ member: ConfigNode.Member) -> Recipe.Source? {
        guard let parts = member.value.members else {
            wrongType(member.value, name, "a mapping with `read:`")
            return nil
        }
        guard let read = parts.first(where: { $0.key == "read" }) else {
            missing(
                "read",
                in: "source `\(name)`",
                at: member.keyLocation,
                hint: "name a source: `read: jsonl`"
            )
            return nil
        }
        guard let plugin = text(read, "read") else { return nil }
        let options = ConfigNode(.mapping(parts.filter { $0.key != "read" }), at: member.value.location)
        return Recipe.Source(
            name: name,
            location: member.keyLocation,
            plugin: Recipe.Located(value: plugin, location: read.value.location),
            options: options
        )
    }

    private mutating func stage(_ name: String, _ member: ConfigNode.Member) -> Recipe.Stage? {
        let verbs = Recipe.Verb.allCases.map(\.rawValue)
        let place = "stage `\(name)`"
        let common = ["from", "when", "model", "roles", "options", "width"]
        let known = verbs + common + ["siblings", "chosen", "rejected"]
        guard let parts = members(of: member.value, known: known, later: Self.laterStageKeys, in: place)
        else {
            return nil
        }
        let stated = Recipe.Verb.allCases.compactMap { verb in parts[verb.rawValue].map { (verb, $0) } }
        if stated.isEmpty {
            let isSlip = verbs.contains { isMisspelt($0, in: member.value, known: known) }
            if isSlip || member.value["derive"] != nil { return nil }
        }
        guard let (verb, plugin) = stated.first, let pluginName = text(plugin, verb.rawValue) else {
            missing(
                "generate",
                in: place,
                at: member.keyLocation,
                hint: "name one verb and its plug-in: \(verbs.map { "`\($0):`" }.joined(separator: ", "))"
            )
            return nil
        }
        if let (second, entry) = stated.dropFirst().first {
            fault(
                "two-verbs",
                "\(place) has two verbs: `\(verb.rawValue)` and `\(second.rawValue)`",
                at: entry.keyLocation,
                hint: "make two stages of it"
            )
        }
        let (first, other) = verb == .pair ? ("chosen", "rejected") : ("from", "siblings")
        for key in [verb == .pair ? "from" : "chosen", verb == .pair ? "siblings" : "rejected"] {
            guard let entry = parts[key] else { continue }
            fault(
                "misplaced-key",
                "`\(key)` has no meaning in a `\(verb.rawValue)` stage",
                at: entry.keyLocation,
                hint: verb == .pair ? "a pairing takes `chosen:` and `rejected:`" : "use `from:`"
            )
        }
        if other == "siblings", verb != .verify, let entry = parts["siblings"] {
            fault("misplaced-key", "`siblings` has a meaning in `verify` stages only", at: entry.keyLocation)
        }
        let inputs = inputs(parts[first], first)
        for key in verb == .pair ? ["chosen", "rejected"] : ["from"] where parts[key] == nil {
            guard !isMisspelt(key, in: member.value, known: known) else { continue }
            missing(key, in: place, at: member.keyLocation)
        }
        return Recipe.Stage(
            name: name,
            location: member.keyLocation,
            verb: Recipe.Located(value: verb, location: plugin.keyLocation),
            plugin: Recipe.Located(value: pluginName, location: plugin.value.location),
            inputs: inputs,
            others: self.inputs(parts[other], other),
            roles: roles(parts, place),
            condition: condition(parts["when"]),
            options: parts["options"]?.value ?? ConfigNode(.mapping([]), at: member.keyLocation),
            width: whole(parts["width"], "width", in: 1...100_000)
        )
    }

    private mutating func roles(
        _ parts: [String: ConfigNode.Member],
        _ place: String
    ) -> [String: Recipe.Located<String>] {
        var roles: [String: Recipe.Located<String>] = [:]
        if let member = parts["model"], let model = text(member, "model") {
            roles[""] = Recipe.Located(value: model, location: member.value.location)
        }
        guard let member = parts["roles"] else { return roles }
        if parts["model"] != nil {
            fault(
                "misplaced-key",
                "\(place) has both `model` and `roles`",
                at: member.keyLocation,
                hint: "keep one"
            )
        }
        guard let entries = member.value.members else {
            wrongType(member.value, "roles", "a mapping of roles to models")
            return roles
        }
        for entry in entries {
            if let model = text(entry, entry.key) {
                roles[entry.key] = Recipe.Located(value: model, location: entry.value.location)
            }
        }
        return roles
    }

    private mutating func condition(_ member: ConfigNode.Member?) -> Recipe.Condition? {
        guard let member else { return nil }
        guard let entries = member.value.members, !entries.isEmpty else {
            wrongType(member.value, "when", "a mapping such as `{ source: NAME }`")
            return nil
        }
        var condition = Recipe.Condition(sources: [], labels: [:], location: member.value.location)
        for entry in entries {
            if entry.value.elements?.isEmpty == true {
                fault(
                    "missing-field",
                    "`\(entry.key)` names nothing, so that no item matches",
                    at: entry.value.location
                )
            }
            if entry.key == "source" {
                condition.sources = texts(entry, "source").map(\.value)
            } else {
                condition.labels[entry.key] = entry.value.elements?.map(\.json) ?? [entry.value.json]
            }
            // A label could be called anything, but none that looks like `source` holds names of sources.
            let values = condition.labels[entry.key] ?? []
            if !values.isEmpty, values.allSatisfy({ $0.text.map(sourceNames.contains) ?? false }),
                let hint = nearestHint(for: entry.key, among: ["source"])
            {
                fault(
                    "unknown-key",
                    "unknown key `\(entry.key)` in `when`",
                    at: entry.keyLocation,
                    hint: hint
                )
            }
        }
        return condition
    }

    private mutating func inputs(_ member: ConfigNode.Member?, _ name: String) -> [Recipe.Input] {
        if let member, member.value.elements?.isEmpty == true {
            fault("missing-field", "`\(name)` names no stage", at: member.value.location)
        }
        return texts(member, name).compactMap { entry in
            let parts = entry.value.split(separator: ".", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                return Recipe.Input(stage: entry.value, outcome: .passed, location: entry.location)
            }
            guard let outcome = Recipe.Input.Outcome(rawValue: parts[1]), outcome != .passed else {
                fault(
                    "unknown-outcome",
                    "a stage has no outcome `\(parts[1])`",
                    at: entry.location,
                    hint: "use `\(parts[0])` for what it passed on, or `.fail`, `.unsure`, `.dropped`, `.all`"
                )
                return nil
            }
            return Recipe.Input(stage: parts[0], outcome: outcome, location: entry.location)
        }
    }

    private mutating func export(_ name: String, _ member: ConfigNode.Member) -> Recipe.Export? {
        let place = "export `\(name)`"
        if name == "templates" {
            fault(
                "bad-name",
                "an export cannot be called `templates`: that folder holds chat templates",
                at: member.keyLocation
            )
        }
        let known = ["write", "from", "splits", "options"]
        guard let parts = members(of: member.value, known: known, in: place) else { return nil }
        for key in ["write", "from"] where parts[key] == nil {
            guard !isMisspelt(key, in: member.value, known: known) else { continue }
            missing(key, in: place, at: member.keyLocation)
        }
        guard let write = parts["write"], let plugin = text(write, "write") else { return nil }
        return Recipe.Export(
            name: name,
            location: member.keyLocation,
            plugin: Recipe.Located(value: plugin, location: write.value.location),
            inputs: inputs(parts["from"], "from"),
            splits: splits(parts["splits"]),
            options: parts["options"]?.value ?? ConfigNode(.mapping([]), at: member.keyLocation)
        )
    }

    private mutating func splits(_ member: ConfigNode.Member?) -> [Recipe.Split] {
        guard let member else { return [Recipe.Split(name: "train", share: 1)] }
        guard let entries = member.value.members, !entries.isEmpty else {
            wrongType(
                member.value,
                "splits",
                "a mapping of names to shares such as `{ train: 0.9, test: 0.1 }`"
            )
            return []
        }
        for entry in entries where !Self.isName(entry.key, extra: "_-") {
            fault(
                "bad-name",
                "`\(entry.key)` is no name of a split: use letters, digits, `_` and `-`",
                at: entry.keyLocation,
                hint: "it becomes part of a file's name"
            )
        }
        let splits = entries.map { entry in
            Recipe.Split(name: entry.key, share: real(entry, entry.key, in: 0...1) ?? 0)
        }
        let sum = splits.reduce(0) { $0 + $1.share }
        if abs(sum - 1) > 1e-9 {
            fault(
                "out-of-range",
                "the shares of `splits` must add up to 1 and add up to \(sum)",
                at: member.keyLocation
            )
        }
        return splits
    }
}
