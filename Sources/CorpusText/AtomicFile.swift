import Glibc

/// A file that appears whole or not at all.
///
/// Bytes go to `.NAME.RANDOM.tmp` in the same folder; ``commit()`` brings them to the disk and gives them their
/// name. A process that is killed leaves the file of that name as it was. Without a commit the temporary file is
/// removed when the value goes away.
package final class AtomicFile {
    /// The path that the file will have.
    package let path: String
    private let temporary: String
    private let folder: String
    private var file: OpenFile?
    private var buffer: [UInt8] = []

    private static let bufferBytes = 262_144

    /// Creates the temporary file; its folder must exist.
    ///
    /// - Throws: ``FileProblem`` when the folder is missing or may not be written.
    package init(path: String) throws(FileProblem) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, !name.isEmpty else {
            throw FileProblem(path: path, cannot: "write", code: EISDIR)
        }
        let prefix = parts.dropLast().map { $0 + "/" }.joined()
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        self.path = path
        folder = prefix.isEmpty ? "." : prefix
        temporary = "\(prefix).\(name).\(suffix).tmp"
        file = try OpenFile(creating: temporary, reportedAs: path)
        buffer.reserveCapacity(Self.bufferBytes)
    }

    deinit { discard() }

    /// Appends bytes.
    ///
    /// - Throws: ``FileProblem``, after which nothing is left of the file.
    package func write(_ bytes: [UInt8]) throws(FileProblem) {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    /// Gives the file its name, replacing one that is there.
    ///
    /// - Throws: ``FileProblem``, after which the file of that name is as it was.
    package func commit() throws(FileProblem) {
        try flush()
        do throws(FileProblem) {
            try opened().synchronize()
            guard unsafe rename(temporary, path) == 0 else {
                throw FileProblem(path: path, cannot: "write", code: errno)
            }
        } catch {
            discard()
            throw error
        }
        file = nil
        try OpenFile(reading: folder).synchronize()
    }

    /// Removes the temporary file; does nothing after a commit.
    package func discard() {
        guard file != nil else { return }
        file = nil
        buffer = []
        unsafe _ = unlink(temporary)
    }

    /// Writes a whole file at once.
    package static func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        let file = try AtomicFile(path: path)
        try file.write(bytes)
        try file.commit()
    }

    /// Hands all bytes written so far to the system, without waiting for the disk.
    ///
    /// - Throws: ``FileProblem``, after which nothing is left of the file.
    package func flush() throws(FileProblem) {
        do throws(FileProblem) {
            try opened().write(buffer)
            buffer.removeAll(keepingCapacity: true)
        } catch {
            discard()
            throw error
        }
    }

    private func opened() throws(FileProblem) -> OpenFile {
        guard let file else { throw FileProblem(path: path, "`\(path)` was already closed") }
        return file
    }
}
