import CorpusKit
import CorpusText

/// How the files of an export are packed.
enum Compression: String, Codable, Sendable, CaseIterable {
    /// Plain JSON Lines, which every trainer reads.
    case none
    /// Gzip, which LLaMA-Factory and ms-swift cannot read.
    case gzip

    var suffix: String { self == .gzip ? ".gz" : "" }
}

/// The JSON Lines files of one export, one for each split, under `NAME/SPLIT-00000-of-00001.jsonl`.
///
/// No file has its name before ``commit()``: without it, nothing is left behind.
struct RowFiles {
    private let files: [RowFile]

    /// Starts a file for every split of a job.
    ///
    /// - Throws: ``ExportProblem`` for a name that cannot be a file's, ``FileProblem``.
    init(_ job: ExportJob, _ compression: Compression) throws {
        for name in [job.name] + job.splits where !Self.isFileName(name) {
            throw ExportProblem("`\(name)` cannot be part of a file's name; use letters, digits, `-` and `_`")
        }
        guard Set(job.splits).count == job.splits.count else {
            throw ExportProblem("the export `\(job.name)` names a split twice")
        }
        try FileAccess.makeFolder("\(job.folder)/\(job.name)")
        files = try job.splits.map { split in
            let path = "\(job.name)/\(split)-00000-of-00001.jsonl\(compression.suffix)"
            return RowFile(
                split: split,
                path: path,
                file: try AtomicFile(path: "\(job.folder)/\(path)"),
                compression
            )
        }
    }

    /// Writes one row.
    ///
    /// - Throws: ``ExportProblem`` when the job has no such split, ``FileProblem``.
    func add(_ row: [UInt8], to split: String) throws {
        guard let file = files.first(where: { $0.split == split }) else {
            throw ExportProblem("a row belongs to the split `\(split)`, which the export does not have")
        }
        try file.add(row)
    }

    /// Gives all files their names.
    ///
    /// - Returns: Their records, in the order of the job's splits.
    func commit() throws(FileProblem) -> [ExportReceipt.File] {
        // All bytes reach the disk's cache first, so that a full disk spoils none of the names.
        for file in files { try file.finish() }
        var records: [ExportReceipt.File] = []
        for file in files { records.append(try file.commit()) }
        return records
    }

    private static func isFileName(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".")
            && name.allSatisfy { $0.isLetter || $0.isNumber || "-_.".contains($0) }
    }
}

/// The file of one split.
private final class RowFile {
    let split: String
    private let path: String
    private let file: AtomicFile
    private let encoder: GzipEncoder?
    private var hasher: Hasher256? = Hasher256()
    private var rows = 0
    private var bytes = 0

    init(split: String, path: String, file: AtomicFile, _ compression: Compression) {
        self.split = split
        self.path = path
        self.file = file
        encoder = compression == .gzip ? GzipEncoder() : nil
    }

    func add(_ row: [UInt8]) throws(FileProblem) {
        rows += 1
        let line = row + [UInt8(ascii: "\n")]
        try put(encoder?.add(line) ?? line)
    }

    func finish() throws(FileProblem) {
        if let encoder { try put(encoder.finish()) }
        try file.flush()
    }

    func commit() throws(FileProblem) -> ExportReceipt.File {
        try file.commit()
        guard let hasher = hasher.take() else { preconditionFailure("`\(path)` was committed twice") }
        return ExportReceipt.File(path: path, split: split, rows: rows, bytes: bytes, digest: hasher.finish())
    }

    private func put(_ bytes: [UInt8]) throws(FileProblem) {
        guard !bytes.isEmpty else { return }
        hasher?.update(bytes)
        self.bytes += bytes.count
        try file.write(bytes)
    }
}
