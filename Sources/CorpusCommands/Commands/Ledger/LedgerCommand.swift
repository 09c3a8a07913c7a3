import ArgumentParser
import CorpusKit
import CorpusLedger
import Foundation

/// `corpusmith ledger`: looks after the file that holds what a run paid for.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Measure, check, compact and carry the ledger of a run, or one that runs share",
        subcommands: [
            LedgerStatsCommand.self, LedgerVerifyCommand.self, LedgerVacuumCommand.self,
            LedgerExportCommand.self,
            LedgerImportCommand.self,
        ]
    )
}

/// The ledger that a command is about: a run's, by its folder, or any, by its file.
struct LedgerPlace: Sendable {
    /// The file.
    let path: String
    private let folder: RunFolder?

    init(_ argument: String) {
        var isFolder: ObjCBool = false
        let isThere = unsafe FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder)
        folder = isThere && !isFolder.boolValue ? nil : RunFolder(path: argument)
        path = folder?.ledger ?? argument
    }

    /// Changes the ledger while nobody else works with it.
    ///
    /// - Throws: ``LedgerProblem``, which names the process that does; or what `work` throws.
    func maintaining(_ work: (Ledger) async throws -> Void) async throws {
        // The lock is a file in the folder, and none is left where there is no run.
        guard FileManager.default.fileExists(atPath: path) else { throw LedgerProblem.noLedger(at: path) }
        let lock = try folder.map { try RunLock(folder: $0.path) } ?? RunLock(ledger: path)
        defer { withExtendedLifetime(lock) {} }
        try await work(Ledger.maintain(path: path))
    }
}
