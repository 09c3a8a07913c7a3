import CorpusKit
import Foundation
import Glibc

/// Proves that a model's file is the expected one, once for each state of the file.
enum WeightsCheck {
    /// Compares a file's SHA-256 with the expected one.
    ///
    /// A note beside the file (`FILE.checked`) remembers size, time of change and digest, so that the next call reads
    /// nothing. Blocks for about a second for each GB.
    ///
    /// - Throws: ``LocalModelProblem`` with `damaged` for another digest, `unavailable` when the file cannot be read.
    static func verify(_ path: String, sha256: String, model: String) throws(LocalModelProblem) {
        guard let stamp = stamp(of: path) else { throw unreadable(path, model) }
        let note = "\(stamp) \(sha256)\n"
        let notePath = path + ".checked"
        if let known = FileManager.default.contents(atPath: notePath), known.elementsEqual(note.utf8) {
            return
        }

        guard let found = digest(of: path) else { throw unreadable(path, model) }
        guard found == sha256 else {
            throw LocalModelProblem(
                .damaged,
                "the weights of `\(model)` in `\(path)` are not the expected ones: SHA-256 \(found)",
                hint: "get them again with `make model`"
            )
        }
        // A folder that cannot be written to costs one reading at each start, no more.
        try? Data(note.utf8).write(to: URL(fileURLWithPath: notePath), options: .atomic)
    }

    private static func unreadable(_ path: String, _ model: String) -> LocalModelProblem {
        LocalModelProblem(
            .unavailable,
            "the weights of `\(model)` in `\(path)` cannot be read",
            hint: "get them with `make model`"
        )
    }

    private static func stamp(of path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
    }

    private static func digest(of path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        var hasher = Hasher256()
        do {
            while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
                hasher.update(Array(chunk))
            }
        } catch {
            return nil
        }
        return hasher.finish().description
    }
}
