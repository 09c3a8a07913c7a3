import CorpusLedger
import CorpusPipeline
import Foundation

extension RunFolder {
    /// Where the shards of the run work.
    var shards: String { path + "/shards" }

    /// The folder of one of them.
    func shard(_ shard: Shard) -> RunFolder { RunFolder(path: shards + "/" + shard.folder) }
}

/// The folders of a run's shards, made here or brought from other machines.
struct ShardFolders {
    let run: RunFolder

    init(_ run: RunFolder) { self.run = run }

    /// Those that hold a ledger, by name.
    var folders: [RunFolder] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: run.shards)) ?? []
        return names.sorted().map { RunFolder(path: run.shards + "/" + $0) }.filter {
            FileManager.default.fileExists(atPath: $0.ledger)
        }
    }

    /// Keeps a run from buying what its shards have bought.
    ///
    /// - Throws: ``CommandProblem`` (`unmerged-shards`) that names them; ``LedgerProblem`` of one that cannot be read.
    func refuseUnmerged() throws {
        let shards = try folders.compactMap { try ShardLedger.read($0.ledger) }
        let lacking = try Ledger.lacking(run.ledger, of: shards)
        guard !lacking.isEmpty else { return }
        let names = lacking.map { "`\(($0.path as NSString).deletingLastPathComponent)`" }
        throw CommandProblem(
            "unmerged-shards",
            "\(names.joined(separator: ", ")) \(names.count == 1 ? "has" : "have") work that is not on the run's ledger, and the run "
                + "would buy it again",
            hint: "`corpusmith merge \(run.path)` brings it there; or move the folder away to do without it"
        )
    }
}
