import Glibc

/// An open file descriptor, closed when nobody holds it any more.
final class OpenFile {
    let path: String
    let descriptor: Int32

    /// Opens a file for reading.
    init(reading path: String) throws(FileProblem) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileProblem(path: path, cannot: "read", code: errno) }
        self.path = path
        self.descriptor = descriptor
    }

    /// Creates a file that must not exist yet.
    init(creating path: String, reportedAs name: String) throws(FileProblem) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileProblem(path: name, cannot: "write", code: errno) }
        self.path = name
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Fills the front of a buffer.
    ///
    /// - Returns: How many bytes were read; 0 at the end of the file.
    func read(into buffer: inout [UInt8]) throws(FileProblem) -> Int {
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 { return count }
            if errno != EINTR { throw FileProblem(path: path, cannot: "read", code: errno) }
        }
    }

    /// Writes all bytes.
    func write(_ bytes: [UInt8]) throws(FileProblem) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw FileProblem(path: path, cannot: "write", code: errno)
            }
        }
    }

    /// Waits until what was written is on the disk.
    func synchronize() throws(FileProblem) {
        while fsync(descriptor) != 0 {
            // A folder on some network file systems has nothing to synchronise and says so with EINVAL.
            if errno == EINVAL { return }
            if errno != EINTR { throw FileProblem(path: path, cannot: "write", code: errno) }
        }
    }
}
