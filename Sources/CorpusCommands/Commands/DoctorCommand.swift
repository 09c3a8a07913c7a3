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
            Tries the sandbox with one small program. With a recipe, holds the machine against what it needs and asks \
            each of its endpoints for the list of models; no tokens are bought and nothing is written.

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
            let plan = try recipe.map { try Workshop(recipe: $0).plan }
            var findings = try await Self.sandbox(for: plan)
            findings += Self.bundledModels(for: plan)
            if let plan { findings += try await Self.endpoints(of: plan) }
            show(findings)
            if findings.contains(where: { !$0.isWell }) { throw CommandExit.findings }
        }
    }

    /// The sandbox, held against what a recipe asks for, and the languages in it.
    private static func sandbox(for plan: Plan?) async throws -> [Finding] {
        let probe = SandboxProbe()
        let report = await probe.report()
        let isNeeded = plan?.needs.contains(.sandbox) ?? true
        let minimum = plan.flatMap { IsolationLevel(rawValue: $0.recipe.sandbox.minimum) } ?? .oneshot
        var finding = Finding(
            name: "sandbox",
            isWell: !isNeeded || report.level.map { $0 >= minimum } ?? false,
            text: "level \(report.level?.rawValue ?? "refused"): \(report.reason)",
            fix: report.fix
        )
        guard isNeeded else {
            finding.text += "; the recipe needs none"
            return [finding]
        }
        var open: CellSandbox?
        do {
            open = try await probe.sandbox(atLeast: minimum)
        } catch {
            // In the words in which a run would refuse to start.
            if let failure = error as? WorkFailure {
                (finding.text, finding.fix) = (failure.description, failure.hint)
            }
        }
        guard let open else { return [finding] }
        var findings = [finding]
        for language in ["python", "bash"] {
            findings.append(try await Self.language(language, in: open))
        }
        return findings
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
                text: "no toolchain: tasks in it fail as `toolchain-missing`",
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
            Terminal.print(painted: "\(mark)  " + "\(finding.name): \(finding.text)".shown)
            if let fix = finding.fix { Terminal.print("         hint: \(fix)") }
        }
    }

    /// The bundled models that a recipe uses; without a recipe, the one that ships.
    private static func bundledModels(for plan: Plan?) -> [Finding] {
        guard let plan else { return [bundledModel(nil)] }
        return plan.bundledModels.map(bundledModel)
    }

    private static func bundledModel(_ name: String?) -> Finding {
        do {
            let path = try LocalModels.check(name)
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
        for (name, model) in plan.models.sorted(by: { $0.key < $1.key }) where plan.uses(model) {
            let title = "model \(name)"
            for place in model.spec.place.value.endpoints {
                do {
                    let probe = try await probe(model, at: place.url, place.keyVariable)
                    findings.append(finding(title, model.spec.model, at: place.url, probe))
                } catch let failure as WorkFailure {
                    findings.append(
                        Finding(name: title, isWell: false, text: failure.description, fix: failure.hint)
                    )
                }
            }
        }
        return findings
    }

    private static func probe(
        _ model: PlannedModel,
        at url: String,
        _ variable: String?
    ) async throws -> EndpointProbe {
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
        let configuration = EndpointConfiguration(
            name: model.identity,
            baseURL: url,
            apiModel: model.spec.model,
            api: model.spec.api,
            schemaField: model.spec.schemaField,
            key: key,
            keyVariable: variable,
            maxAttempts: 3
        )
        let client = try EndpointClient([configuration], budget: Budget(Caps()))
        do {
            let probe = try await client.probe(model.identity)
            await client.shutdown()
            return probe
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// What a probe says; that a list lacks a model, or is not given, is no fault: the first call of a run decides.
    private static func finding(_ title: String, _ model: String, at url: String, _ probe: EndpointProbe)
        -> Finding
    {
        let decides = "the first call decides"
        if let trouble = probe.trouble {
            return Finding(
                name: title,
                isWell: true,
                text: "\(url) is reached but gives no list of models, so \(decides): \(trouble.description)",
                fix: trouble.hint
            )
        }
        guard !probe.models.isEmpty else {
            return Finding(
                name: title,
                isWell: true,
                text: "\(url) is reached and keeps no list of models, so \(decides)"
            )
        }
        guard !probe.mayServe else {
            return Finding(name: title, isWell: true, text: "\(model) answers at \(url)")
        }
        return Finding(
            name: title,
            isWell: true,
            text: "\(url) does not list `\(model)`, so \(decides); it lists \(probe.modelsInWords)"
        )
    }
}
