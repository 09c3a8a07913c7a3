import CorpusKit
import CorpusText

/// The files that the manifest of an export folder lists, of an export that is being replaced.
struct FormerFiles: Sendable, Hashable {
    struct File: Sendable, Hashable {
        let path: String
        let bytes: Int
        let digest: String
    }

    let folder: String
    let files: [File]

    /// Reads a folder's manifest; nil when there is none that can be read.
    init?(of folder: String) {
        guard
            let bytes = try? FileAccess.bytes(of: "\(folder)/manifest.json", limit: 64 << 20),
            let manifest = try? JSONValue(parsing: bytes)
        else { return nil }
        self.init(manifest: manifest, folder: folder)
    }

    /// Reads the files of a manifest; entries that do not lie below the folder are passed over.
    init(manifest: JSONValue, folder: String) {
        self.folder = folder
        files = (manifest["exports"]?.elements ?? []).flatMap { $0["files"]?.elements ?? [] }.compactMap {
            guard let path = $0["path"]?.text, Self.isInside(path), let bytes = $0["bytes"]?.whole,
                let digest = $0["sha256"]?.text
            else { return nil }
            return File(path: path, bytes: bytes, digest: digest)
        }
    }

    /// Those that new exports did not write again.
    func obsolete(besides written: [ExportReceipt.File]) -> [File] {
        let kept = Set(written.map(\.path))
        return files.filter { !kept.contains($0.path) }
    }

    /// Removes obsolete files, and folders that are empty then.
    ///
    /// A file with other bytes than the manifest says is somebody else's work and stays.
    func remove(except written: [ExportReceipt.File]) throws(FileProblem) {
        for file in obsolete(besides: written) {
            let path = "\(folder)/\(file.path)"
            guard (try? FileAccess.kind(of: path)) == .file(bytes: file.bytes),
                try digest(of: path) == file.digest
            else { continue }
            try FileAccess.removeFile(path)
        }
    }

    private func digest(of path: String) throws(FileProblem) -> String {
        var hasher = Hasher256()
        try FileAccess.pieces(of: path) { hasher.update($0) }
        return hasher.finish().description
    }

    private static func isInside(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count > 1 && !parts.contains { $0.isEmpty || $0 == "." || $0 == ".." }
    }
}
