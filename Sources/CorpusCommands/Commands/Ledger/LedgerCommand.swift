import ArgumentParser
import CorpusKit
import CorpusLedger
import Foundation

/// `corpusmith ledger`: looks after the file that holds what a run paid for.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Measure, check, compact and carry the ledger of a run",
        subcommands: [
            LedgerStatsCommand.self, LedgerVerifyCommand.self, LedgerVacuumCommand.self,
            LedgerExportCommand.self,
            LedgerImportCommand.self,
        ]
    )
}

/// Changes a ledger while nobody else works in the run's folder.
///
/// - Throws: ``LedgerProblem``, which names the process that does; or what `work` throws.
func maintaining(_ folder: RunFolder, _ work: (Ledger) async throws -> Void) async throws {
    // The lock is a file in the folder, and none is left where there is no run.
    guard FileManager.default.fileExists(atPath: folder.ledger) else {
        throw LedgerProblem.noLedger(at: folder.ledger)
    }
    let lock = try RunLock(folder: folder.path)
    defer { withExtendedLifetime(lock) {} }
    try await work(Ledger.maintain(path: folder.ledger))
}
