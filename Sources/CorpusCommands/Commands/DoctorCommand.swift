import ArgumentParser
import CorpusConfig
import CorpusEndpoint
import CorpusKit
import CorpusPipeline
import CorpusSandbox
import Foundation

/// `corpusmith doctor`: tells what this machine can do and what would help.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Tell what this machine can do: sandbox, toolchains, bundled model, endpoints",
        discussion: """
            Tries the sandbox with one small program and asks each endpoint of a recipe, if one is given, for its list \
            of models; no tokens are bought and nothing is written.

            Exit codes: 0 all is well, 1 something is missing, 2 the recipe could not be read, 64 bad command line.

            Example: corpusmith doctor --recipe Templates/Recipes/quickstart.yaml
            """
    )

    @Option(help: "Also check what this recipe needs", completion: .file(extensions: ["yaml", "yml"]))
    var recipe: String?

    @Flag(help: "Print the findings as JSON on standard output")
    var json = false

    /// One thing that was looked at.
    private struct Finding {
        var name: String
        var isWell: Bool
        var text: String
        var fix: String?
    }

    func run() async throws {
        try await reporting {
            var findings: [Finding] = []
            let probe = SandboxProbe()
            let sandbox = await probe.report()
            findings.append(
                Finding(
                    name: "sandbox",
                    isWell: sandbox.level.map { $0 >= .oneshot } ?? false,
                    text: "level \(sandbox.level?.rawValue ?? "refused"): \(sandbox.reason)",
                    fix: sandbox.fix
                )
            )
            if let open = try? await probe.sandbox() {
                for language in ["python", "bash"] {
                    findings.append(try await Self.language(language, in: open))
                }
            }
            findings.append(Self.bundledModel())
            if let recipe { findings += try await Self.endpoints(of: Workshop(recipe: recipe).plan) }
            show(findings)
            if findings.contains(where: { !$0.isWell }) { throw CommandExit.findings }
        }
    }

    private static func language(_ language: String, in sandbox: any Sandbox) async throws -> Finding {
        let name = "language \(language)"
        do {
            if let toolchain = try await sandbox.toolchain(for: language) {
                return Finding(name: name, isWell: true, text: toolchain)
            }
            return Finding(
                name: name,
                isWell: language != "python",
                text: "no toolchain: programs in it give the verdict `unavailable`",
                fix: "sudo apt-get install \(language == "python" ? "python3" : language)"
            )
        } catch let failure as WorkFailure {
            return Finding(
                name: name,
                isWell: language != "python",
                text: failure.description,
                fix: failure.hint
            )
        }
    }

    private func show(_ findings: [Finding]) {
        if json {
            let rows = findings.map { finding -> JSONValue in
                [
                    "name": .string(finding.name), "ok": .bool(finding.isWell), "text": .string(finding.text),
                    "fix": finding.fix.map(JSONValue.string) ?? .null,
                ]
            }
            Terminal.print(["schema": 1, "findings": .array(rows)])
            return
        }
        let paint = Paint(isOn: ColourChoice.auto.isOn(1))
        for finding in findings {
            let mark = finding.isWell ? paint.green("ok     ") : paint.red("missing")
            Terminal.print("\(mark)  \(finding.name): \(finding.text)")
            if let fix = finding.fix { Terminal.print("         hint: \(fix)") }
        }
    }

    private static func bundledModel() -> Finding {
        do {
            let path = try LocalModels.check()
            return Finding(name: "bundled model", isWell: true, text: path)
        } catch {
            let failure = error as? WorkFailure
            return Finding(
                name: "bundled model",
                isWell: false,
                text: failure?.description ?? "\(error)",
                fix: failure?.hint
            )
        }
    }

    private static func endpoints(of plan: Plan) async throws -> [Finding] {
        var findings: [Finding] = []
        for (name, model) in plan.models.sorted(by: { $0.key < $1.key }) {
            guard case .endpoint(let url, let variable, _) = model.spec.place.value else { continue }
            let title = "model \(name)"
            do {
                let key = try variable.map { variable -> Secret in
                    guard let text = Terminal.environment(variable), let secret = Secret(text) else {
                        throw WorkFailure(
                            "bad-key",
                            "the environment variable `\(variable)` holds no key",
                            hint: "export \(variable)=…"
                        )
                    }
                    return secret
                }
                let client = try EndpointClient(
                    [
                        EndpointConfiguration(
                            name: model.identity,
                            baseURL: url,
                            apiModel: model.spec.model,
                            key: key,
                            keyVariable: variable,
                            maxAttempts: 1
                        )
                    ],
                    budget: Budget(Caps())
                )
                do {
                    _ = try await client.probe(model.identity)
                    await client.shutdown()
                } catch {
                    await client.shutdown()
                    throw error
                }
                findings.append(
                    Finding(name: title, isWell: true, text: "\(model.spec.model) answers at \(url)")
                )
            } catch let failure as WorkFailure {
                findings.append(
                    Finding(name: title, isWell: false, text: failure.description, fix: failure.hint)
                )
            }
        }
        return findings
    }
}
