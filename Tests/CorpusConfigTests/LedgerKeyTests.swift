import CorpusConfig
import CorpusDiagnostics
import Testing

@Suite("Shared ledgers in recipes")
struct LedgerKeyTests {
    @Test("A shared ledger is a file's name; left out, there is none")
    func ledger() throws {
        let named = try read(recipe("ledger: ../shared.sqlite\n"))
        #expect(named.ledger?.value == "../shared.sqlite")
        #expect(try read(recipe("")).ledger == nil)
    }

    static let faults = [
        Fault(
            name: "a folder",
            code: "bad-value",
            message: "`ledger` must name a file, not `../shared/`",
            hint: "name the file that runs share, from the recipe's folder: `ledger: ../shared.sqlite`",
            text: recipe("ledger: 1️⃣../shared/\n")
        ),
        Fault(
            name: "the folder above",
            code: "bad-value",
            message: "`ledger` must name a file, not `a/..`",
            text: recipe("ledger: 1️⃣a/..\n")
        ),
        Fault(
            name: "no name",
            code: "bad-value",
            message: "`ledger` must name a file, not ``",
            text: recipe("ledger: 1️⃣\"\"\n")
        ),
        Fault(
            name: "a list",
            code: "wrong-type",
            message: "`ledger` must be a text, not a list",
            text: recipe("ledger: 1️⃣[a, b]\n")
        ),
        Fault(
            name: "a slip",
            code: "unknown-key",
            message: "unknown key `ledgr` in the recipe",
            hint: "did you mean `ledger`?",
            text: recipe("1️⃣ledgr: a.sqlite\n")
        ),
    ]

    @Test("Each fault has a code, a sentence, a place and a hint", arguments: faults)
    func fault(fault: Fault) throws { try fault.check() }
}
