import Foundation

/// Why a run's control socket cannot be made or used.
enum ControlProblem: Error, Sendable, Hashable {
    /// Nobody listens.
    case absent
    /// It belongs to somebody else.
    case denied
    /// Somebody listens and says nothing.
    case silent
    /// Anything else; one sentence without a full stop.
    case other(String)
}

/// Where a run's control socket lies.
///
/// The kernel takes 107 bytes of a socket's path. Where a folder's is longer, the path leads through the descriptor of
/// the opened folder. What is done to the file itself goes through that descriptor always, whatever the folder is called
/// by then.
final class ControlAddress: Sendable {
    static let name = "control.sock"
    private static let longest = 107

    private let folder: Int32
    private let path: String

    /// Opens the folder of a run.
    ///
    /// - Throws: ``ControlProblem``, `absent` when there is no such folder.
    init(in folder: String) throws(ControlProblem) {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw .absent
            case EACCES, EPERM: throw .denied
            default: throw .other("cannot open `\(folder)`: \(unsafe String(cString: strerror(errno)))")
            }
        }
        self.folder = descriptor
        let whole = folder + "/" + Self.name
        path = whole.utf8.count <= Self.longest ? whole : "/proc/self/fd/\(descriptor)/\(Self.name)"
    }

    deinit { close(folder) }

    /// A socket that listens here for this user alone; one that a killed run left is replaced.
    ///
    /// - Throws: ``ControlProblem``, a sentence that says why the folder has none.
    func listener() throws(ControlProblem) -> Int32 {
        try removeRemains()
        let descriptor = try made(Int32(SOCK_NONBLOCK.rawValue))
        // Before it listens nobody can connect, so that no moment is left to anybody else.
        guard unsafe use(descriptor, bind) == 0, unsafe fchmodat(folder, Self.name, 0o600, 0) == 0,
            listen(descriptor, 32) == 0
        else {
            let reason = unsafe String(cString: strerror(errno))
            close(descriptor)
            remove()
            throw .other("the folder takes no socket: \(reason)")
        }
        return descriptor
    }

    /// A connection to whoever listens here.
    ///
    /// - Parameter patience: How long to wait for a connection, and for each answer.
    /// - Returns: The connection's descriptor, which the caller closes.
    /// - Throws: ``ControlProblem``.
    func connection(patience: Duration) throws(ControlProblem) -> Int32 {
        let descriptor = try made(0)
        var limit = timeval(
            tv_sec: Int(patience.components.seconds),
            tv_usec: Int(patience.components.attoseconds / 1_000_000_000_000)
        )
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            unsafe setsockopt(
                descriptor,
                SOL_SOCKET,
                option,
                &limit,
                socklen_t(MemoryLayout<timeval>.size)
            )
        }
        guard unsafe use(descriptor, connect) != 0 else { return descriptor }
        let code = errno
        close(descriptor)
        switch code {
        case ENOENT, ECONNREFUSED, ENOTSOCK: throw .absent
        case EACCES, EPERM: throw .denied
        case EAGAIN, ETIMEDOUT: throw .silent
        default: throw .other("cannot connect: \(unsafe String(cString: strerror(code)))")
        }
    }

    /// Removes the socket's file.
    func remove() { unsafe _ = unlinkat(folder, Self.name, 0) }

    private func removeRemains() throws(ControlProblem) {
        var status = stat()
        guard unsafe fstatat(folder, Self.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .other("`\(Self.name)` in it is something else")
        }
        remove()
    }

    private func made(_ flags: Int32) throws(ControlProblem) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue) | flags
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else {
            throw .other("no socket can be made: \(unsafe String(cString: strerror(errno)))")
        }
        return descriptor
    }

    private func use(
        _ descriptor: Int32,
        _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            unsafe room.copyBytes(from: path.utf8.prefix(Self.longest))
        }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                unsafe call(descriptor, general, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
