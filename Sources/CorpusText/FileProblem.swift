import Glibc

/// A file that cannot be read or written: which one and why.
package struct FileProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path as it was given.
    package let path: String
    /// One sentence without a full stop; names the file, never what stands in it.
    package let description: String
    /// Whether there is no room: nothing is wrong but the disk or its quota being full.
    package let isFull: Bool

    /// Creates a problem with a file.
    package init(path: String, _ description: String) { self.init(path: path, description, isFull: false) }

    private init(path: String, _ description: String, isFull: Bool) {
        self.path = path
        self.description = description
        self.isFull = isFull
    }

    /// Creates the problem that a failed system call left behind.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - action: What failed, as a verb: `read`, `write`.
    ///   - code: The call's `errno`.
    package init(path: String, cannot action: String, code: Int32) {
        self.init(
            path: path,
            "cannot \(action) `\(path)`: \(Self.reason(code))",
            isFull: code == ENOSPC || code == EDQUOT
        )
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "no such file or folder"
        case EACCES, EPERM: "permission denied; change its owner or mode"
        case EISDIR: "it is a folder"
        case ENOTDIR: "a part of its path is a file, not a folder"
        case ENOSPC: "the disk is full; free some space and run the same command again"
        case EDQUOT: "the disk quota is used up; free some space and run the same command again"
        case EROFS: "the disk is mounted read-only"
        case EFBIG: "it would be larger than this process may write"
        case EMFILE, ENFILE: "too many files are open; raise the limit with `ulimit -n`"
        default: unsafe String(cString: strerror(code)).lowercased()
        }
    }
}
