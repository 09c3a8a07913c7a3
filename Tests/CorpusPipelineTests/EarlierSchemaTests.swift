import CorpusLedger
import CorpusPipeline
import TestSupport
import Testing

@Suite("Ledgers of earlier schemas")
struct EarlierSchemaTests {
    @Test(
        "A run whose ledger an earlier program wrote goes on: the same bytes, the same account, and nothing bought again",
        arguments: EarlierSchema.versions
    )
    func continued(version: Int) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (_, before) = try await run.pass(sandbox: ToySandbox())
        let exports = try run.exports()
        try run.tamper(EarlierSchema.sql(backTo: version))
        #expect(throws: LedgerProblem.self) { try run.ledger() }

        let endpoint = ToyEndpoint()
        let (end, after) = try await run.pass(endpoint: endpoint, sandbox: ToySandbox())

        #expect(end.stop == nil)
        #expect(endpoint.calls == 0)
        #expect(after.counts == before.counts && after.pairs == before.pairs)
        #expect(after.spending.calls == before.spending.calls)
        #expect(try run.exports() == exports)
        var faults: [LedgerFault] = []
        _ = try run.ledger().verify { faults.append($0) }
        #expect(faults == [])
    }

    @Test(
        "A run that was stopped under an earlier program is finished by this one",
        arguments: EarlierSchema.versions
    )
    func finished(version: Int) async throws {
        let (undisturbed, run) = (try TestRun(), try TestRun())
        defer {
            undisturbed.remove()
            run.remove()
        }
        let reference = ToyEndpoint()
        _ = try await undisturbed.pass(endpoint: reference)
        let control = RunControl()
        let first = ToyEndpoint()
        let (stopped, _) = try await run.pass(
            endpoint: first,
            control: control,
            progress: { figures in
                if figures.drafts >= 5 { control.requestStop(.interrupted) }
            }
        )
        try run.tamper(EarlierSchema.sql(backTo: version))
        let second = ToyEndpoint()
        let (end, _) = try await run.pass(endpoint: second)

        #expect(stopped.stop != nil && end.stop == nil)
        #expect(first.calls > 0 && second.calls > 0 && first.calls + second.calls == reference.calls)
        #expect(try run.exports() == undisturbed.exports())
    }
}
