import CorpusKit
import CorpusTesting
import CorpusVerifiers
import Testing

@Suite("Built-in verifiers")
struct BuiltInVerifiersTests {
    @Test("Their names are unique and their self-checks show both outcomes")
    func manifests() {
        let names = BuiltInVerifiers.all.map(\.manifest.name)
        #expect(names == ["tests", "pass-rate", "topic-difficulty"])
        for entry in BuiltInVerifiers.all {
            let refusals = entry.selfChecks.compactMap { check -> ReasonCode? in
                guard case .refuses(let reason) = check.expectation else { return nil }
                return reason
            }
            #expect(!refusals.isEmpty && refusals.count < entry.selfChecks.count, "\(entry.manifest.name)")
            #expect(Set(refusals).isSubset(of: entry.manifest.reasons), "\(entry.manifest.name)")
        }
    }

    @Test("The self-checks hold", arguments: ["tests", "pass-rate", "topic-difficulty"])
    func selfChecks(name: String) async throws {
        let entry = try #require(BuiltInVerifiers.all.first { $0.manifest.name == name })
        for check in entry.selfChecks {
            let judge = try single(name, .object(check.options), roles: Set(entry.manifest.roles))
            let verdicts = check.executions.isEmpty ? [.ok] : check.executions
            let host = ScriptedHost(texts: check.replies, verdicts: verdicts)
            let draft = sample(check.seed.content.fields)

            let verdict = try await judge.verdict(on: draft, in: host.context())

            switch check.expectation {
            case .accepts(let text):
                #expect(verdict.outcome == .pass, "\(check.name)")
                #expect(draft.content.texts.contains { $0.text.contains(text) }, "\(check.name)")
            case .refuses(let reason): #expect(verdict.reason == reason, "\(check.name)")
            }
        }
    }
}
