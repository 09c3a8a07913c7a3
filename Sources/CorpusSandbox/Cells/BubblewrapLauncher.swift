import CSandbox
import Foundation

/// Wraps each task in a fresh set of name spaces made by bubblewrap.
///
/// Bubblewrap may make user name spaces where other programs may not, needs no rights and no daemon, and binds the
/// lives of all processes to its own. Limits are not its business: it waits at the gate with its name spaces made
/// and nothing else, and the supervisor limits it from outside, so that no program of the language's own runs
/// unlimited and none is needed to set limits.
struct BubblewrapLauncher: CellLauncher {
    /// Options that some machines do without, and that have a stand-in.
    enum Option: String, CaseIterable {
        /// Of 0.8, and in need of a writable `/proc/sys`. Without it the system-call filter alone refuses new user
        /// name spaces.
        case disableUserNamespaces = "--disable-userns"
        /// Of 0.7. Without it the supervisor's own measuring alone bounds `/tmp`.
        case size = "--size"

        /// The option that made bubblewrap give up with these words.
        static func unusable(inWords words: String) -> Option? {
            if words.contains("/proc/sys/user/max_user_namespaces") { return .disableUserNamespaces }
            return allCases.first { words.contains("Unknown option \($0.rawValue)") }
        }
    }

    let isolation = IsolationLevel.oneshot
    private let path: String
    private let unusable: Set<Option>
    private let filter: [UInt8]
    private let fileSystem: [String]

    /// - Throws: ``CellFault`` when there is no system-call table for this processor.
    init(path: String, without unusable: Set<Option> = []) throws(CellFault) {
        self.path = path
        self.unusable = unusable
        filter = try Self.compiledFilter()
        fileSystem = Self.systemFolders() + Self.devices
    }

    func launch(of task: CellTask) throws(CellFault) -> Launch {
        var arguments = [
            path, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net",
            "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--uid",
            "1000",
            "--gid", "1000", "--hostname", "box", "--json-status-fd", "\(Launch.status)", "--block-fd",
            "\(Launch.gate)", "--seccomp", "\(Launch.own)", "--as-pid-1",
        ]
        arguments += usable(.disableUserNamespaces)
        arguments += fileSystem
        for folder in task.binds { arguments += ["--ro-bind", folder, folder] }
        arguments += ["--proc", "/proc"] + usable(.size, "\(task.limits.temporaryMiB << 20)")
        arguments += ["--tmpfs", "/tmp", "--dir", CellTask.workFolder]
        var descriptors = [try Descriptor.holding(filter)]
        for file in task.files {
            arguments += [
                "--file", "\(Launch.own + descriptors.count)", "\(CellTask.workFolder)/\(file.name)",
            ]
            descriptors.append(try Descriptor.holding(file.bytes))
        }
        arguments += ["--chdir", CellTask.workFolder, "--remount-ro", "/", "--"] + Self.first + task.command
        return Launch(
            arguments: arguments,
            environment: task.environment,
            descriptors: descriptors,
            reportsStatus: true
        )
    }

    // The first process of the name space: it ends with the program and takes the rest along. Bubblewrap's own leaves
    // its dead self to whoever adopts orphans, be it a container's first process that collects none. A shell that is
    // told of a signal says so on standard error, which is not for it to write to.
    private static let first = ["/bin/sh", "-c", "exec 9>&2 2>/dev/null; \"$@\" 2>&9 9>&-; exit $?", "sh"]

    private func usable(_ option: Option, _ values: String...) -> [String] {
        unusable.contains(option) ? [] : [option.rawValue] + values
    }

    private static func compiledFilter() throws(CellFault) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 8192)
        let size = unsafe buffer.withUnsafeMutableBytes { unsafe csandbox_filter($0.baseAddress, $0.count) }
        guard size > 0 else {
            throw CellFault(
                "there is no table of system calls for this processor, only for x86-64 and aarch64"
            )
        }
        return Array(buffer[..<size])
    }

    /// `/usr`, the links into it as this machine has them, and what dynamic linking needs of `/etc`.
    private static func systemFolders() -> [String] {
        var arguments = ["--ro-bind", "/usr", "/usr"]
        for folder in ["/bin", "/sbin", "/lib", "/lib64"] {
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder) {
                arguments += ["--symlink", target, folder]
            } else if FileManager.default.fileExists(atPath: folder) {
                arguments += ["--ro-bind", folder, folder]
            }
        }
        for file in ["/etc/ld.so.cache", "/etc/alternatives"] { arguments += ["--ro-bind-try", file, file] }
        return arguments
    }

    // Single nodes on the read-only root: bubblewrap's own `--dev` is a writable file system without a size.
    // There is no /dev/zero, since a shared mapping of it is memory that no limit counts.
    private static let devices =
        ["null", "full", "random", "urandom"].flatMap { ["--dev-bind", "/dev/\($0)", "/dev/\($0)"] } + [
            "--symlink", "/proc/self/fd", "/dev/fd", "--symlink", "/proc/self/fd/0", "/dev/stdin",
            "--symlink",
            "/proc/self/fd/1", "/dev/stdout", "--symlink", "/proc/self/fd/2", "/dev/stderr", "--symlink",
            "/tmp",
            "/dev/shm",
        ]
}
