import Glibc

/// Looks at files and folders, and removes them, without following what stands in them.
package enum FileAccess {
    /// What a path names.
    package enum Kind: Sendable, Hashable {
        /// An ordinary file and its size in bytes.
        case file(bytes: Int)
        case folder
        /// A pipe, a device or a socket.
        case other
    }

    /// What a path names, symbolic links followed.
    ///
    /// - Throws: ``FileProblem`` when there is nothing or it may not be seen.
    package static func kind(of path: String) throws(FileProblem) -> Kind {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw FileProblem(path: path, cannot: "read", code: errno)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(bytes: Int(status.st_size))
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    /// All bytes of a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The most bytes to hold in memory.
    /// - Returns: What the file holds.
    /// - Throws: ``FileProblem`` when it cannot be read or is larger than `limit`.
    package static func bytes(of path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        let file = try OpenFile(reading: path)
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try file.read(into: &buffer)
            if count == 0 { return result }
            guard result.count + count <= limit else {
                throw FileProblem(path: path, "cannot read `\(path)`: it is larger than \(limit) bytes")
            }
            result.append(contentsOf: buffer[..<count])
        }
    }

    /// Hands over a file's bytes piece by piece, so that its size does not matter.
    ///
    /// - Throws: ``FileProblem`` when it cannot be read.
    package static func pieces(of path: String, _ take: ([UInt8]) -> Void) throws(FileProblem) {
        let file = try OpenFile(reading: path)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try file.read(into: &buffer)
            if count == 0 { return }
            take(Array(buffer[..<count]))
        }
    }

    /// Removes a file, and its folder when nothing else is in it.
    ///
    /// - Throws: ``FileProblem`` when the file cannot be removed; a folder that stays is none.
    package static func removeFile(_ path: String) throws(FileProblem) {
        guard unsafe unlink(path) == 0 else {
            throw FileProblem(path: path, cannot: "remove", code: errno)
        }
        guard let slash = path.lastIndex(of: "/") else { return }
        unsafe _ = rmdir(String(path[..<slash]))
    }

    /// Creates a folder and those above it where they are missing.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - what: What a message calls it.
    /// - Throws: ``FileProblem`` when it cannot be made, or something else has its name.
    package static func makeFolder(_ path: String, called what: String = "the folder") throws(FileProblem) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += made.isEmpty || made.hasSuffix("/") ? String(part) : "/" + part
            guard unsafe mkdir(made, 0o777) != 0 else { continue }
            let code = errno
            guard code == EEXIST else {
                throw FileProblem(path: path, cannot: "create \(what)", code: code)
            }
        }
        guard try kind(of: path) == .folder else {
            throw FileProblem(path: path, cannot: "create \(what)", code: ENOTDIR)
        }
    }
}
