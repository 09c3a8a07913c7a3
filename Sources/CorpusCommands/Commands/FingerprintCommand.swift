import ArgumentParser
import CorpusFilters
import CorpusKit
import CorpusText
import Foundation

/// `corpusmith fingerprint`: packs of benchmark fingerprints.
struct FingerprintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fingerprint",
        abstract: "Make and inspect packs of benchmark fingerprints",
        subcommands: [Build.self, Info.self]
    )

    struct Build: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "build",
            abstract: "Turn a benchmark's JSON Lines file into a pack of hashes",
            discussion: """
                A pack holds numbers, no text: recipes name it under `against:` of a `decontaminate` stage, so that a \
                corpus can be held against a benchmark without its text. Equal input gives equal bytes.

                Exit codes: 0 done, 2 the file cannot be read or a row lacks a field, 64 bad command line.

                Example: corpusmith fingerprint build holdout.jsonl --name holdout --fields prompt,solution,test \
                --id task_id --licence MIT --source "our own" --output holdout.csfp
                """
        )

        @Argument(help: "The benchmark, one JSON object a line", completion: .file(extensions: ["jsonl"]))
        var file: String

        @Option(help: "The benchmark's name, which findings carry")
        var name: String

        @Option(
            help: "The fields to read, with commas between; one whose name holds `test` is compared by lines"
        )
        var fields: String

        @Option(help: "The field that names an item; default: its line number")
        var id: String?

        @Option(help: "A stand-in name in tests and the field with the true one, as `candidate=entry_point`")
        var alias: [String] = []

        @Option(help: "The licence of the benchmark's text")
        var licence: String

        @Option(help: "Where the file comes from")
        var source: String

        @Option(help: "The pack to write", completion: .file(extensions: ["csfp"]))
        var output: String

        func run() async throws {
            try await reporting {
                guard let bytes = FileManager.default.contents(atPath: file) else {
                    throw CommandProblem("missing-file", "cannot read `\(file)`")
                }
                var aliases: [String: String] = [:]
                for entry in alias {
                    let parts = entry.split(separator: "=").map(String.init)
                    guard parts.count == 2 else {
                        throw CommandProblem(
                            "bad-alias",
                            "`\(entry)` is no alias",
                            hint: "write `candidate=entry_point`"
                        )
                    }
                    aliases[parts[0]] = parts[1]
                }
                let request = FingerprintRequest(
                    name: name,
                    source: source,
                    licence: licence,
                    fields: fields.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) },
                    id: id,
                    aliases: aliases
                )
                do {
                    let pack = try FingerprintBuilder.pack(ofJSONLines: Array(bytes), for: request)
                    let packed = pack.bytes()
                    try AtomicFile.write(packed, to: output)
                    Terminal.print(pack.describe())
                    Terminal.tell("wrote \(output), \(Amount.count(packed.count, "byte"))")
                } catch let problem as FingerprintProblem {
                    throw CommandProblem(
                        "bad-benchmark",
                        "`\(file)`: \(problem.description)",
                        hint: problem.hint
                    )
                } catch let problem as FileProblem {
                    throw CommandProblem("no-file", problem.description)
                }
            }
        }
    }

    struct Info: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "info",
            abstract: "Print what a pack holds",
            discussion: """
                Exit codes: 0 done, 2 the pack cannot be read, 64 bad command line.

                Example: corpusmith fingerprint info Templates/Fingerprints/humaneval.csfp
                """
        )

        @Argument(help: "The pack", completion: .file(extensions: ["csfp"]))
        var pack: String

        func run() async throws {
            try await reporting {
                guard let bytes = FileManager.default.contents(atPath: pack) else {
                    throw CommandProblem("missing-file", "cannot read `\(pack)`")
                }
                do {
                    Terminal.print(try FingerprintPack.read(Array(bytes), name: pack).describe())
                } catch let problem as PackProblem {
                    throw CommandProblem("bad-pack", "\(problem)")
                }
            }
        }
    }
}
