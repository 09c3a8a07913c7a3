import CorpusKit
import Testing

/// A hostile program, and how the sandbox must end it.
struct Attack: Sendable, CustomTestStringConvertible {
    let name: String
    let source: String
    /// What it prints when it gets to the end.
    var prints = ""
    /// Other endings that are as good, where the interpreter decides.
    var alsoFine: Set<ExecutionResult.Verdict> = []
    var verdict = ExecutionResult.Verdict.ok
    var limits = ExecutionLimits(wallMilliseconds: 8_000, memoryMiB: 256)

    var testDescription: String { name }

    static let short = ExecutionLimits(wallMilliseconds: 1_000, memoryMiB: 256)

    /// Tells how an attempt ended by its error's name.
    static let prelude = """
        import os, sys, errno
        def tell(name, attempt):
            try:
                attempt()
                print(name, "worked", flush=True)
            except OSError as error:
                print(name, errno.errorcode.get(error.errno, error.errno), flush=True)
        """

    /// Makes raw system calls by number.
    static let raw =
        prelude + """

            import ctypes
            library = ctypes.CDLL(None, use_errno=True)
            def call(number, *arguments):
                if library.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments]) < 0:
                    raise OSError(ctypes.get_errno(), "refused")
            """
}

extension Attack {
    static let resources = [
        Attack(
            name: "fork bomb",
            source: "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
            verdict: .timeout,
            limits: short
        ),
        Attack(
            name: "processes are counted",
            source: """
                import os, time
                count = 0
                try:
                    while count < 200:
                        if os.fork() == 0:
                            time.sleep(60)
                        count += 1
                except BlockingIOError:
                    pass
                print("bounded" if 30 < count < 64 else count)
                """,
            prints: "bounded"
        ),
        Attack(
            name: "thread bomb",
            source: """
                import _thread, time, os
                count = 0
                try:
                    while count < 200:
                        _thread.start_new_thread(time.sleep, (60,))
                        count += 1
                except RuntimeError:
                    pass
                print("bounded" if 30 < count < 64 else count, flush=True)
                os._exit(0)
                """,
            prints: "bounded",
            limits: ExecutionLimits(wallMilliseconds: 8_000, memoryMiB: 2048)
        ),
        Attack(
            name: "memory bomb",
            source: "blocks = []\nwhile True: blocks.append(bytearray(1 << 20))",
            verdict: .memoryLimit
        ),
        Attack(
            name: "memory of many children",
            source: """
                import os, time
                for _ in range(20):
                    if os.fork() == 0:
                        block = bytearray(b"x") * (100 << 20)
                        time.sleep(60)
                time.sleep(60)
                """,
            verdict: .memoryLimit,
            limits: ExecutionLimits(wallMilliseconds: 8_000, memoryMiB: 128)
        ),
        Attack(
            name: "memory in page tables",
            source: """
                import mmap
                blocks = []
                while True:
                    block = mmap.mmap(-1, 1 << 34, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)
                    blocks.append(block)
                    for place in range(0, 1 << 34, 1 << 21): block[place]
                """,
            verdict: .memoryLimit,
            limits: ExecutionLimits(wallMilliseconds: 8_000, memoryMiB: 64)
        ),
        Attack(
            name: "shared memory",
            source: prelude + """

                import mmap
                tell("shared", lambda: mmap.mmap(-1, 1 << 20))
                tell("memfd", lambda: os.memfd_create("x"))
                tell("zero", lambda: os.open("/dev/zero", os.O_RDWR))
                """,
            prints: "shared EPERM\nmemfd EPERM\nzero ENOENT"
        ),
        Attack(
            name: "one large file",
            source: prelude + """

                def fill():
                    with open("/tmp/w/big", "wb") as file:
                        for _ in range(100): file.write(bytes(1 << 20))
                tell("fill", fill)
                tell("sparse", lambda: os.truncate("/tmp/w/big", 1 << 40))
                print(os.path.getsize("/tmp/w/big") >> 20)
                """,
            prints: "fill EFBIG\nsparse EFBIG\n16"
        ),
        Attack(
            name: "many large files",
            source: prelude + """

                def fill():
                    for index in range(100):
                        with open("/tmp/w/%d" % index, "wb") as file: file.write(bytes(8 << 20))
                tell("fill", fill)
                """,
            prints: "fill ENOSPC"
        ),
        Attack(
            name: "endless small files",
            source: """
                import os
                index = 0
                while True:
                    os.close(os.open("/tmp/w/%d" % index, os.O_CREAT | os.O_WRONLY))
                    index += 1
                """,
            // Where the file system itself has a bound, the program is told.
            alsoFine: [.runtimeError],
            verdict: .memoryLimit
        ),
        Attack(
            name: "endless nested folders",
            source: "import os\nwhile True:\n    os.mkdir('x')\n    os.chdir('x')",
            alsoFine: [.runtimeError],
            verdict: .memoryLimit
        ),
        Attack(
            name: "output flood",
            source: "import sys\nwhile True: sys.stdout.write('x' * 65536)",
            verdict: .outputLimit
        ),
        Attack(
            name: "error flood",
            source: "import sys\nwhile True: sys.stderr.write('x' * 65536)",
            verdict: .outputLimit
        ),
        Attack(
            name: "one line of 100 MB",
            source: "print('x' * (100 << 20))",
            verdict: .outputLimit
        ),
        Attack(name: "sleep", source: "import time\ntime.sleep(1000)", verdict: .timeout, limits: short),
        Attack(
            name: "all signals ignored",
            source: """
                import signal
                for number in range(1, 65):
                    try: signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError): pass
                while True: pass
                """,
            verdict: .timeout,
            limits: short
        ),
        Attack(
            name: "stops itself",
            source: "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
            verdict: .timeout,
            limits: short
        ),
        Attack(
            name: "segmentation fault",
            source: "import ctypes\nctypes.string_at(0)",
            verdict: .signal
        ),
        Attack(
            name: "deep recursion",
            source: "import sys\nsys.setrecursionlimit(10**9)\ndef f(n): return f(n + 1)\nf(0)",
            alsoFine: [.runtimeError, .memoryLimit, .timeout],
            verdict: .signal
        ),
        Attack(
            name: "many open files",
            source: prelude + "\ntell('open', lambda: [os.dup(1) for _ in range(1000)])",
            prints: "open EMFILE"
        ),
        Attack(
            name: "own limits raised",
            source: """
                import resource
                for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE):
                    try:
                        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                        print("worked")
                    except (ValueError, OSError):
                        print("refused")
                """,
            prints: "refused\nrefused\nrefused"
        ),
    ]

    static let processes = [
        Attack(
            name: "daemon that outlives its parent",
            source: """
                import os
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        os.execv("/bin/sleep", ["sleep", "86399"])
                    os._exit(0)
                print("gone")
                """,
            prints: "gone"
        ),
        Attack(
            name: "daemon that keeps standard output",
            source: "import os, time\nif os.fork() == 0: time.sleep(1000)\nprint('done')",
            prints: "done"
        ),
        Attack(
            name: "kills everybody",
            source: prelude + """

                import signal
                tell("all", lambda: os.kill(-1, signal.SIGKILL))
                tell("first", lambda: os.kill(1, signal.SIGKILL))
                tell("parent", lambda: os.kill(os.getppid() or 1, signal.SIGKILL))
                print("alive")
                """,
            prints: "all ESRCH\nfirst worked\nparent worked\nalive"
        ),
        Attack(
            name: "sees no process of the machine",
            source: """
                import os
                print(all(int(name) < 20 for name in os.listdir("/proc") if name.isdigit()))
                """,
            prints: "True"
        ),
        Attack(
            name: "environment and descriptors",
            source: """
                import os
                print(",".join(sorted(set(os.environ) - {"PWD"})))
                print(sorted(os.listdir("/proc/self/fd"))[:3], len(os.listdir("/proc/self/fd")))
                print(b"secret" in open("/proc/1/cmdline", "rb").read())
                """,
            prints: """
                HOME,LANG,OMP_NUM_THREADS,OPENBLAS_NUM_THREADS,PATH,PYTHONDONTWRITEBYTECODE,PYTHONHASHSEED,\
                PYTHONSAFEPATH,TMPDIR
                ['0', '1', '2'] 4
                False
                """
        ),
        Attack(
            name: "becomes another user",
            source: prelude + """

                tell("setuid", lambda: os.setuid(0))
                tell("setgid", lambda: os.setgid(0))
                tell("setgroups", lambda: os.setgroups([0]))
                print(os.system("su -c id root </dev/null >/dev/null 2>&1") != 0)
                """,
            prints: "setuid EINVAL\nsetgid EINVAL\nsetgroups EPERM\nTrue"
        ),
    ]

    static let files = [
        Attack(
            name: "reads the machine's files",
            source: """
                for path in ["/etc/shadow", "/etc/passwd", "/root/.ssh/id_rsa", "/home", "/var/run/docker.sock",
                             "/run/systemd", "/sys/class/net", "/proc/1/mem", "/proc/kcore", "/dev/sda", "/dev/vda",
                             "/dev/mem", "/dev/tty", "/dev/kmsg"]:
                    try:
                        open(path, "rb").read(1)
                        print(path, "read")
                    except OSError:
                        pass
                print("done")
                """,
            prints: "done"
        ),
        Attack(
            name: "writes to the machine's files",
            source: """
                import os
                for path in ["/x", "/usr/x", "/usr/bin/x", "/etc/x", "/dev/x", "/home/x", "/var/tmp/corpusmith-breach",
                             "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/x", "/proc/self/uid_map",
                             "/proc/sys/user/max_user_namespaces"]:
                    try:
                        os.write(os.open(path, os.O_WRONLY | os.O_CREAT), b"x")
                        print(path, "written")
                    except OSError:
                        pass
                for path in ["/tmp/corpusmith-breach", "/dev/shm/corpusmith-breach"]:
                    open(path, "w").write("only here")
                print("done")
                """,
            prints: "done"
        ),
        Attack(
            name: "links and nodes",
            source: prelude + """

                tell("hard link", lambda: os.link("/usr/bin/su", "/tmp/su"))
                tell("node", lambda: os.mknod("/tmp/node", 0o60600, os.makedev(8, 0)))
                """,
            prints: "hard link EXDEV\nnode EPERM"
        ),
        Attack(
            name: "invalid text",
            source: "import os\nos.write(1, b'\\xff\\x00\\x1b[2J')\nos.write(2, b'\\xff\\xfe')",
            prints: "\u{FFFD}",
            verdict: .wrongAnswer
        ),
    ]

    static let network = Attack(
        name: "sockets of all families",
        source: prelude + """

            import socket
            for family in [socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, 31, 40, 38, 16, 17]:
                for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW]:
                    try:
                        socket.socket(family, kind)
                        print(family, kind, "opened")
                    except OSError as error:
                        if error.errno != errno.EAFNOSUPPORT: print(family, kind, error)
            tell("pair", lambda: socket.socketpair())
            tell("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0/tmp/.X11-unix/X0"))
            """,
        prints: "pair worked\nabstract ECONNREFUSED"
    )

    /// System calls by their numbers on x86-64.
    static let calls: [Attack] = {
        let refused: [(name: String, numbers: [Int], answer: String)] = [
            ("other processes", [101, 310, 311, 312, 438, 440, 448], "EPERM"),
            (
                "name spaces and mounts", [165, 166, 155, 161, 430, 431, 432, 433, 429, 428, 442, 272, 308],
                "EPERM"
            ),
            (
                "kernel surface",
                [
                    321, 298, 323, 250, 248, 249, 246, 320, 175, 313, 176, 169, 167, 168, 163, 179, 103, 304,
                    303, 300,
                    135, 154, 172, 173, 227, 305, 164, 159, 170, 171, 278, 153,
                ], "EPERM"
            ),
            (
                "memory without limits",
                [29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 240, 319, 447, 149, 325, 151], "EPERM"
            ),
            ("calls that cannot be looked into", [425, 426, 427, 435], "ENOSYS"),
            ("calls newer than the table", [457, 462, 500, 1_000_000], "ENOSYS"),
        ]
        let attacks = refused.map { group in
            Attack(
                name: group.name,
                source: raw
                    + "\nfor number in \(group.numbers): tell(number, lambda: call(number, 0, 0, 0, 0, 0))",
                prints: group.numbers.map { "\($0) \(group.answer)" }.joined(separator: "\n")
            )
        }
        let byArgument = Attack(
            name: "system calls by argument",
            source: raw + """

                for flag in [0x00008000, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000]:
                    tell("clone", lambda: call(56, flag | 17, 0, 0, 0, 0))
                for number in [302, 203, 314, 144, 142]:
                    tell("by process", lambda: call(number, 1, 0, 0, 0, 0))
                tell("priority", lambda: call(141, 0, 1, 5))
                tell("priority of all", lambda: call(141, 2, 0, 5))
                tell("input and output priority", lambda: call(251, 1, 1, 5))
                tell("terminal", lambda: call(16, 0, 0x5412, 0))
                tell("console", lambda: call(16, 0, 0x541C, 0))
                tell("high bits", lambda: call(16, 0, 0x5412 | 1 << 32, 0))
                """,
            prints: (Array(repeating: "clone EPERM", count: 8)
                + Array(repeating: "by process EPERM", count: 5) + [
                    "priority EPERM", "priority of all EPERM", "input and output priority EPERM",
                    "terminal EPERM",
                    "console EPERM", "high bits EPERM",
                ]).joined(separator: "\n")
        )
        let machineCode = """
            import ctypes, mmap
            code = bytes([%@])
            block = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
            block.write(code)
            address = ctypes.addressof(ctypes.c_char.from_buffer(block))
            ctypes.CFUNCTYPE(ctypes.c_long)(address)()
            print("went through")
            """
        return attacks + [
            byArgument,
            Attack(
                name: "32-bit system calls",
                // mov eax, 20; int 0x80; ret
                source: machineCode.replacing("%@", with: "0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3"),
                verdict: .signal
            ),
            Attack(name: "x32 system calls", source: raw + "\ncall(0x40000000 + 39)", verdict: .signal),
        ]
    }()

    static var all: [Attack] {
        #if arch(x86_64)
            resources + processes + files + [network] + calls
        #else
            resources + processes + files + [network]
        #endif
    }
}
