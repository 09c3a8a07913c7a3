import ArgumentParser
import CorpusKit
import CorpusPipeline

/// `corpusmith plugins`: what a recipe can be made of.
struct PluginsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "List and describe the plug-ins that a recipe can use",
        discussion: """
            Calls nothing and writes nothing. Template-only generators are found under Templates/Generators/ from the \
            working directory and beside the program.

            Exit codes: 0 done, 2 no such plug-in, 64 bad command line.
            """,
        subcommands: [List.self, Show.self],
        defaultSubcommand: List.self
    )

    static func registry() throws -> PluginRegistry {
        try StandardPlugins.registry(finder: ResourceLocator(recipe: nil, program: Workshop.program))
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List every plug-in by the verb it serves",
            discussion: "Example: corpusmith plugins list"
        )

        @Flag(help: "Print the list as JSON on standard output")
        var json = false

        func run() async throws {
            try await reporting {
                let all = try PluginsCommand.registry().all
                if json {
                    Terminal.print([
                        "schema": 1,
                        "plugins": .array(all.map(PluginText.json)),
                    ])
                    return
                }
                var table = TextTable()
                table.add("verb", "plug-in", "needs", "what it does")
                for plugin in all {
                    let manifest = plugin.manifest
                    let needs = manifest.needs.map(\.rawValue).sorted().joined(separator: ", ")
                    table.add(
                        plugin.verb.rawValue,
                        manifest.name,
                        needs.isEmpty ? "–" : needs,
                        manifest.summary
                    )
                }
                table.lines.forEach { Terminal.print($0) }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Describe a plug-in: options, roles, fields, reason codes",
            discussion: "Example: corpusmith plugins show style-mix"
        )

        @Argument(help: "The plug-in's name")
        var name: String

        @Flag(help: "Print the description as JSON on standard output")
        var json = false

        func run() async throws {
            try await reporting {
                let found = try PluginsCommand.registry().all.filter { $0.manifest.name == name }
                guard !found.isEmpty else {
                    throw CommandProblem(
                        "unknown-plugin",
                        "there is no plug-in `\(name)`",
                        hint: "`corpusmith plugins list` shows what there is"
                    )
                }
                if json {
                    Terminal.print([
                        "schema": 1,
                        "plugins": .array(found.map(PluginText.json)),
                    ])
                    return
                }
                found.flatMap(PluginText.lines).forEach { Terminal.print($0) }
            }
        }
    }
}

/// A plug-in's manifest and options for people and programs.
enum PluginText {
    static func lines(_ plugin: PluginRegistry.Listing) -> [String] {
        let manifest = plugin.manifest
        var lines = [
            "\(plugin.verb.rawValue): \(manifest.name)  (version \(manifest.version))",
            "  \(manifest.summary)",
        ]
        func add(_ title: String, _ values: [String]) {
            if !values.isEmpty { lines.append("  \(title): \(values.joined(separator: ", "))") }
        }
        add("needs", manifest.needs.map(\.rawValue).sorted())
        add("roles", manifest.roles)
        add("input fields", manifest.requires)
        add("output fields", manifest.produces)
        add("labels it may set", manifest.labels)
        add("reason codes", manifest.reasons.map(\.description))
        let options = (plugin.defaults.members ?? [:]).sorted { $0.key < $1.key }
        if !options.isEmpty { lines.append("  options and their defaults:") }
        for (name, value) in options {
            lines.append("    \(name): \(value.canonical)")
            if let meaning = plugin.meanings[name] { lines.append("        \(meaning)") }
        }
        return lines
    }

    static func json(_ plugin: PluginRegistry.Listing) -> JSONValue {
        func texts(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
        let manifest = plugin.manifest
        return [
            "verb": .string(plugin.verb.rawValue), "name": .string(manifest.name),
            "version": .int(manifest.version),
            "summary": .string(manifest.summary), "needs": texts(manifest.needs.map(\.rawValue).sorted()),
            "roles": texts(manifest.roles), "requires": texts(manifest.requires),
            "produces": texts(manifest.produces), "labels": texts(manifest.labels),
            "reasons": texts(manifest.reasons.map(\.description)), "options": plugin.defaults,
            "option_meanings": .object(plugin.meanings.mapValues(JSONValue.string)),
        ]
    }
}
