import Glibc

/// A running program with its three standard streams, for the one thread that started it.
///
/// All descriptors are closed on exec, and the program gets a process group of its own, so that an interrupt typed
/// at the terminal reaches us first. When the owner dies in whatever way, the program's standard input ends.
struct ChildProcess: ~Copyable {
    /// The process, also the number of its group.
    let pid: pid_t
    private var input: Int32
    /// Standard output and standard error; -1 once they have ended.
    private var outputs: [Int32]
    private var ended = false

    /// Starts a program with exactly this environment.
    ///
    /// - Throws: ``SpawnFailure`` when it cannot be started.
    static func start(_ arguments: [String], environment: [String]) throws(SpawnFailure) -> ChildProcess {
        var ends: [(ours: Int32, theirs: Int32)] = []
        for _ in 0..<3 {
            var pair: [Int32] = [-1, -1]
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            guard unsafe socketpair(AF_UNIX, kind, 0, &pair) == 0 else { break }
            ends.append((pair[0], pair[1]))
        }
        defer { for end in ends { close(end.theirs) } }
        guard ends.count == 3 else {
            for end in ends { close(end.ours) }
            throw SpawnFailure(number: EMFILE)
        }

        var pid: pid_t = 0
        let error = unsafe spawn(arguments, environment, streams: ends.map(\.theirs), pid: &pid)
        guard error == 0 else {
            for end in ends { close(end.ours) }
            throw SpawnFailure(number: error)
        }
        return ChildProcess(pid: pid, input: ends[0].ours, outputs: [ends[1].ours, ends[2].ours])
    }

    private init(pid: pid_t, input: Int32, outputs: [Int32]) {
        self.pid = pid
        self.input = input
        self.outputs = outputs
    }

    deinit {
        if input >= 0 { close(input) }
        for output in outputs where output >= 0 { close(output) }
    }

    /// Whether both streams have ended.
    var isSilent: Bool { outputs.allSatisfy { $0 < 0 } }

    /// Ends the program's standard input.
    mutating func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Sends a signal to the program's group; nothing once it has been reaped.
    func signal(_ number: Int32) {
        if !ended { kill(-pid, number) }
    }

    /// Waits for output, at most for some milliseconds or until `wake` becomes readable, and hands over what there is.
    ///
    /// Bytes of stream 0 are output, those of stream 1 are errors.
    mutating func listen(
        milliseconds: Int32,
        wake: Int32,
        receive: (_ stream: Int, _ bytes: ArraySlice<UInt8>) -> Void
    ) {
        var polled = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        for output in outputs { polled.append(pollfd(fd: output, events: Int16(POLLIN), revents: 0)) }
        guard unsafe poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return }
        if polled[0].revents != 0 {
            var byte: UInt8 = 0
            unsafe read(wake, &byte, 1)
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        for stream in outputs.indices where polled[stream + 1].revents != 0 {
            let count = unsafe read(outputs[stream], &buffer, buffer.count)
            if count > 0 {
                receive(stream, buffer[..<count])
            } else if count == 0 || errno != EINTR {
                close(outputs[stream])
                outputs[stream] = -1
            }
        }
    }

    /// How the program ended, or nil while it runs.
    mutating func reap() -> ProcessEnding? {
        var status: Int32 = 0
        guard unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
        ended = true
        let signal = status & 0x7F
        return signal == 0 ? .exit((status >> 8) & 0xFF) : .signal(signal)
    }
}

/// A program that cannot be started.
struct SpawnFailure: Error, CustomStringConvertible {
    /// The system's number of the error.
    let number: Int32

    /// The system's words for it.
    var description: String { unsafe String(cString: strerror(number)) }
}

/// How a process ended.
enum ProcessEnding: Sendable, Hashable, CustomStringConvertible {
    case exit(Int32)
    case signal(Int32)

    var description: String {
        switch self {
        case .exit(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        }
    }
}

private func spawn(
    _ arguments: [String],
    _ environment: [String],
    streams: [Int32],
    pid: UnsafeMutablePointer<pid_t>
) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (target, descriptor) in streams.enumerated() {
        unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
    }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETPGROUP)
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var envp = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }
    return unsafe posix_spawnp(pid, arguments[0], &actions, &attributes, &argv, &envp)
}
