import Foundation

/// A ledger's file as it lies there, before SQLite looks at it.
struct LedgerFile {
    /// Of SQLite's file format: 100 bytes with the size of a page at 16, the number of pages at 28 and two counters, at 24
    /// and 92, that agree when that number is to be believed.
    private static let headerBytes = 100

    let path: String

    /// Refuses a file that lost something from its end, and to begin anew where an earlier run's ledger was lost: every
    /// reply would be bought again.
    ///
    /// SQLite takes a file without a whole header for an empty one, and finds that pages are missing when it looks for
    /// them, which may be after hours.
    ///
    /// - Throws: ``LedgerProblem``.
    func refuseLoss() throws(LedgerProblem) {
        let size = size(of: path)
        guard let size, size >= Self.headerBytes else { return try refuseNewBeginning(isGone: size == nil) }
        try refuseMissingEnd(of: size)
    }

    /// Refuses to read a file that nothing was written to yet, or that was cut to nothing.
    ///
    /// - Throws: ``LedgerProblem``.
    func refuseBlank() throws(LedgerProblem) {
        guard size(of: path) == 0 else { return }
        try refuseNewBeginning(isGone: false)
        throw LedgerProblem.blank(path)
    }

    /// Refuses a ledger that runs share and that lost something.
    ///
    /// - Parameter wasMade: Whether there has been one.
    /// - Throws: ``LedgerProblem``.
    func refuseLoss(ofShared wasMade: Bool) throws(LedgerProblem) {
        let size = size(of: path)
        if let size, size >= Self.headerBytes { return try refuseMissingEnd(of: size) }
        guard wasMade || size ?? 0 > 0 else { return }
        throw LedgerProblem(
            .damaged,
            "the shared ledger `\(path)` is \(size == nil ? "gone" : "cut short")"
                + (wasMade ? ", and `\(RunLock.path(ofLedger: path))` says that there was one" : "")
        )
    }

    private func refuseMissingEnd(of size: Int) throws(LedgerProblem) {
        // While there is a log, pages may stand in it alone.
        guard self.size(of: path + "-wal") ?? 0 == 0, let wanted = statedBytes, wanted > size else { return }
        throw LedgerProblem(
            .damaged,
            "the ledger `\(path)` has \(size) bytes and says that it had \(wanted)",
            hint:
                "put a whole copy back, or remove the folder `\(folder)` to start over and buy every reply again"
        )
    }

    private func refuseNewBeginning(isGone: Bool) throws(LedgerProblem) {
        let traces = ["report.json", "export/manifest.json"].map {
            (folder as NSString).appendingPathComponent($0)
        }
        guard let trace = traces.first(where: FileManager.default.fileExists) else { return }
        throw LedgerProblem(
            .damaged,
            "the ledger `\(path)` is \(isGone ? "gone" : "cut short"), and `\(trace)` says that a run was here",
            hint:
                "put the ledger back, or remove the folder `\(folder)` to start over and buy every reply again"
        )
    }

    private var folder: String { (path as NSString).deletingLastPathComponent }

    private func size(of path: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    }

    /// How large the file is by its own account; nil when it gives none.
    private var statedBytes: Int? {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: Self.headerBytes),
            data.count == Self.headerBytes, data.starts(with: Data("SQLite format 3\0".utf8))
        else { return nil }
        let bytes = Array(data)
        func number(_ range: Range<Int>) -> Int { bytes[range].reduce(0) { $0 << 8 | Int($1) } }
        guard number(24..<28) == number(92..<96) else { return nil }
        let page = number(16..<18)
        return number(28..<32) * (page == 1 ? 65_536 : page)
    }
}
