import CorpusKit

/// What a plug-in made of one self-check.
struct Outcome: Equatable {
    /// Something it let through.
    struct Kept: Equatable {
        let content: Content
        let isDraft: Bool
    }

    var kept: [Kept] = []
    /// The reasons of everything it refused.
    var reasons: [ReasonCode] = []
    /// What it threw besides ``Skip``.
    var failure: String?
    var calls: [ScriptedHost.Call] = []
}

/// One plug-in under the rules, whatever its verb.
struct Subject<Product: Sendable>: Sendable {
    typealias Finding = PluginConformance.Finding
    typealias Use = @Sendable (Product, SelfCheck, ScriptedHost) async throws -> [Outcome.Kept]

    let entry: PluginEntry<Product>
    let rules: PluginConformance
    let use: Use
    var worstCase: @Sendable (Product) -> (calls: [String: Int], drafts: Int)? = { _ in nil }
    var stall: @Sendable (Product, SelfCheck, PluginContext) async throws -> Void = { _, _, _ in }

    init(_ entry: PluginEntry<Product>, rules: PluginConformance, use: @escaping Use) {
        self.entry = entry
        self.rules = rules
        self.use = use
    }

    private var manifest: Manifest { entry.manifest }
    private var accepting: [SelfCheck] {
        entry.selfChecks.filter { if case .accepts = $0.expectation { true } else { false } }
    }

    func findings() async -> [Finding] {
        var findings = manifestFindings()
        for check in entry.selfChecks { findings += await self.findings(of: check) }
        if manifest.needs.contains(.model) {
            for check in accepting {
                findings += await badReplyFindings(check)
                findings += await cancellationFindings(check)
            }
        }
        return findings
    }

    private func manifestFindings() -> [Finding] {
        var findings: [Finding] = []
        func expect(_ holds: Bool, _ rule: String, _ message: String) {
            if !holds { findings.append(Finding(rule: rule, message: message)) }
        }
        expect(ReasonCode.isWellFormed(manifest.name), "name", "`\(manifest.name)` is not kebab-case")
        expect(manifest.version >= 1, "version", "the version is \(manifest.version) and starts at 1")
        expect(
            !manifest.summary.isEmpty && !manifest.summary.hasSuffix(".") && !manifest.summary.contains("\n"),
            "summary",
            "the summary must be one line without a full stop"
        )
        expect(
            manifest.needs.contains(.model) != manifest.roles.isEmpty,
            "roles",
            "roles are named exactly when a model is needed"
        )
        expect(!accepting.isEmpty, "self-checks", "no self-check shows what is accepted")
        expect(accepting.count < entry.selfChecks.count, "self-checks", "no self-check shows what is refused")
        return findings
    }

    private func findings(of check: SelfCheck) async -> [Finding] {
        var findings: [Finding] = []
        func expect(_ holds: Bool, _ rule: String, _ message: String) {
            if !holds { findings.append(Finding(rule: rule, message: "in “\(check.name)”: \(message)")) }
        }
        let product: Product
        do { product = try made(check.options) } catch {
            return [Finding(rule: "making", message: "in “\(check.name)”: cannot be made: \(error)")]
        }
        let replies = check.replies.map { ModelReply(text: $0) }
        let first = await outcome(product, check, replies)
        let second = await outcome(product, check, replies)
        expect(first == second, "determinism", "two runs with one random stream differ")

        switch check.expectation {
        case .accepts(let text):
            let hit = first.kept.contains { $0.content.texts.contains { $0.text.contains(text) } }
            expect(
                hit,
                "self-checks",
                "nothing that holds `\(text)` was let through, but \(Self.told(first))"
            )
        case .refuses(let reason):
            expect(first.kept.isEmpty, "self-checks", "something was let through")
            expect(
                first.reasons.contains(reason),
                "self-checks",
                "nothing was refused as `\(reason)`, but \(Self.told(first))"
            )
        }
        expect(first.failure == nil, "self-checks", "it failed: \(first.failure ?? "")")
        for reason in first.reasons where !manifest.reasons.contains(reason) {
            expect(false, "reasons", "the manifest does not name the reason `\(reason)`")
        }
        for kept in first.kept where kept.isDraft {
            for field in manifest.produces where kept.content.fields[field] == nil {
                expect(false, "produces", "a draft lacks the field `\(field)` that the manifest promises")
            }
        }
        findings += costFindings(of: check, product, first)
        return findings
    }

    private func costFindings(of check: SelfCheck, _ product: Product, _ outcome: Outcome) -> [Finding] {
        var findings: [Finding] = []
        var counts: [String: Int] = [:]
        for call in outcome.calls {
            guard let role = call.role ?? (manifest.roles.count == 1 ? manifest.roles.first : nil),
                manifest.roles.contains(role)
            else {
                findings.append(
                    Finding(
                        rule: "roles",
                        message: "a call names the role `\(call.role ?? "none")` that is not declared"
                    )
                )
                continue
            }
            counts[role, default: 0] += 1
        }
        guard let worst = worstCase(product) else { return findings }
        for (role, count) in counts.sorted(by: { $0.key < $1.key })
        where count > worst.calls[role, default: 0] {
            findings.append(
                Finding(
                    rule: "worst-case",
                    message:
                        "in “\(check.name)”: \(count) calls of `\(role)`, \(worst.calls[role, default: 0]) declared"
                )
            )
        }
        if outcome.kept.count > worst.drafts {
            findings.append(
                Finding(
                    rule: "worst-case",
                    message: "in “\(check.name)”: \(outcome.kept.count) drafts, \(worst.drafts) declared"
                )
            )
        }
        return findings
    }

    /// Replies that nothing can be made of, whatever the plug-in.
    private func badReplyFindings(_ check: SelfCheck) async -> [Finding] {
        let filler = String(repeating: "lorem ipsum ", count: 1 << 17)
        let said = check.replies.isEmpty ? [""] : check.replies
        let bad: [(name: String, replies: [ModelReply])] = [
            ("empty", [ModelReply(text: "")]), ("blank", [ModelReply(text: " \n\t")]),
            ("enormous", [ModelReply(text: filler)]),
            ("enormous but well begun", said.map { ModelReply(text: $0 + "\n" + filler) }),
            ("truncated", said.map { ModelReply(text: $0, finish: .length) }),
        ]
        var findings: [Finding] = []
        for (name, replies) in bad {
            guard let product = try? made(check.options.merging(rules.options) { $1 }) else { continue }
            let outcome = await outcome(product, check, replies)
            guard !outcome.calls.isEmpty, !outcome.kept.isEmpty else { continue }
            findings.append(
                Finding(
                    rule: "bad-replies",
                    message: "in “\(check.name)”: a reply that is \(name) was let through"
                )
            )
        }
        return findings
    }

    /// Whether the plug-in gives up once its task is cancelled.
    ///
    /// The wait that is cut short must end it with an error, after no more calls than it ever makes. Calls are counted
    /// and nothing is timed, so that a busy machine finds no fault.
    private func cancellationFindings(_ check: SelfCheck) async -> [Finding] {
        guard let product = try? made(check.options.merging(rules.options) { $1 }) else { return [] }
        let (asked, continuation) = AsyncStream<Void>.makeStream()
        let host = StalledHost(asked: continuation)
        let random = RandomStream(seed: 1, purpose: ["conformance"])
        let context = PluginContext(ordinal: 0, random: random, host: host)
        let problem: String? = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                defer { continuation.finish() }
                do {
                    try await stall(product, check, context)
                    return false
                } catch { return true }
            }
            var wasAsked = false
            for await _ in asked {
                wasAsked = true
                break
            }
            group.cancelAll()
            let threw = await group.next() ?? true
            guard wasAsked else { return nil }
            guard threw else { return "swallowed the cancellation" }
            let most = worstCase(product)?.calls.values.reduce(0, +) ?? .max
            return host.calls > most ? "went on and made \(host.calls) calls, \(most) declared" : nil
        }
        return problem.map { [Finding(rule: "cancellation", message: "in “\(check.name)”: \($0)")] } ?? []
    }

    private func made(_ options: [String: JSONValue]) throws -> Product {
        let setup = PluginSetup(plugin: manifest.name, stage: "conformance", finder: rules.finder)
        return try entry.make(.object(options), rules.roles ?? Set(manifest.roles), setup)
    }

    private func outcome(_ product: Product, _ check: SelfCheck, _ replies: [ModelReply]) async -> Outcome {
        let host = ScriptedHost(replies: replies, executions: check.executions)
        var outcome = Outcome()
        do { outcome.kept = try await use(product, check, host) } catch let skip as Skip {
            outcome.reasons.append(skip.reason)
        } catch { outcome.failure = String(describing: error) }
        outcome.reasons += host.drops.map(\.reason)
        outcome.calls = host.calls
        return outcome
    }

    private static func told(_ outcome: Outcome) -> String {
        let reasons = outcome.reasons.map(\.description).joined(separator: ", ")
        return "\(outcome.kept.count) kept, refused: \(reasons.isEmpty ? "nothing" : reasons)"
            + (outcome.failure.map { ", failed: \($0)" } ?? "")
    }
}
