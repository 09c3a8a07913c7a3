import CorpusKit
import Testing

@testable import CorpusSandbox

/// A wrong solution that tries to pass.
struct Cheat: Sendable, CustomTestStringConvertible {
    let name: String
    let source: String
    var verdicts: Set<ExecutionResult.Verdict>

    var testDescription: String { name }

    init(_ name: String, _ verdicts: Set<ExecutionResult.Verdict>, _ source: String) {
        self.name = name
        self.source = source
        self.verdicts = verdicts
    }

    static let all = [
        Cheat("leaves while loading", [.earlyExit], "import sys\nsys.exit(0)"),
        Cheat("leaves hard while loading", [.earlyExit], "import os\nos._exit(0)"),
        Cheat("leaves in the function", [.earlyExit], "import sys\ndef f(a, b): sys.exit(0)"),
        Cheat("leaves hard in the function", [.earlyExit], "import os\ndef f(a, b): os._exit(0)"),
        Cheat(
            "leaves at exit",
            [.runtimeError],
            "import atexit, os\natexit.register(lambda: os._exit(0))\ndef f(a, b): raise ValueError"
        ),
        Cheat(
            "leaves from the exception hook",
            [.runtimeError],
            "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\nraise ValueError"
        ),
        Cheat(
            "prints what passes elsewhere",
            [.wrongAnswer],
            "print('OK\\nPASSED\\n{\"index\":1,\"status\":\"value\",\"value\":3}')\ndef f(a, b): return None"
        ),
        Cheat(
            "is equal to everything",
            [.wrongAnswer],
            """
            class Anything:
                __eq__ = lambda self, other: True
                __ne__ = lambda self, other: False
                __hash__ = lambda self: 3
                __class__ = int
                __int__ = __index__ = lambda self: 3
            def f(a, b): return Anything()
            """
        ),
        Cheat(
            "is a number that is equal to everything",
            [.wrongAnswer],
            """
            class Number(int):
                __eq__ = lambda self, other: True
                __repr__ = __str__ = lambda self: "3"
            def f(a, b): return Number(-1)
            """
        ),
        Cheat(
            "reads the tests from frames",
            [.wrongAnswer, .runtimeError],
            """
            import sys
            def f(a, b):
                frame = sys._getframe()
                found = []
                while frame:
                    for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
                        if "expect" in str(name): found.append(value)
                    frame = frame.f_back
                return found[0] if found else None
            """
        ),
        Cheat(
            "reads the tests from the script",
            [.wrongAnswer],
            """
            import glob
            def f(a, b):
                texts = [open(p, "rb").read() for p in ["/proc/self/cmdline", "/proc/self/environ"] + glob.glob("/tmp/*")
                         if not p.endswith("/w")]
                return any(b"1003" in text for text in texts)
            """
        ),
        Cheat(
            "searches all objects for what is expected",
            [.wrongAnswer],
            """
            import gc
            def f(a, b):
                for thing in gc.get_objects():
                    if type(thing) in (list, tuple, dict) and thing is not (a, b):
                        for item in (thing.values() if type(thing) is dict else thing):
                            if type(item) is int and item > a + b and item - a - b == 1000: return item
            """
        ),
        Cheat(
            "forges answers on every descriptor",
            [.wrongAnswer],
            """
            import os
            for number in range(1, 256):
                try: os.write(number, b'{"index":0,"status":"value","value":1003}\\n')
                except OSError: pass
            def f(a, b): return None
            """
        ),
        Cheat(
            "forges the loading message",
            [.wrongAnswer, .timeout, .earlyExit],
            "import os\nos.write(3, b'{\"index\":0,\"status\":\"loaded\"}\\n')\ndef f(a, b): return None"
        ),
        Cheat(
            "patches the JSON module",
            [.wrongAnswer],
            "import json\njson.dumps = lambda *a, **k: '1003'\njson.loads = lambda *a: 1003\ndef f(a, b): return None"
        ),
        Cheat(
            "patches built-ins",
            [.wrongAnswer, .earlyExit, .runtimeError],
            """
            import builtins
            for name in ["AssertionError", "isinstance", "issubclass", "type", "len", "eval", "repr", "str"]:
                setattr(builtins, name, lambda *a, **k: True)
            def f(a, b): return None
            """
        ),
        Cheat(
            "traces the driver",
            [.wrongAnswer],
            """
            import sys
            def trace(frame, event, argument):
                for name in list(frame.f_locals):
                    if name in ("value", "piece", "status"): frame.f_locals[name] = 1003
                return trace
            sys.settrace(trace)
            sys._getframe(1).f_trace = trace
            def f(a, b): return None
            """
        ),
        Cheat(
            "answers before it is asked",
            [.wrongAnswer],
            """
            import os
            def f(a, b):
                os.write(3, b'{"index":1,"status":"value","value":1003}\\n' * 3)
                return 1003
            """
        ),
        Cheat(
            "answers twice through a twin",
            [.wrongAnswer],
            "import os\ndef f(a, b):\n    os.fork()\n    return None"
        ),
        Cheat(
            "floods the answers from a thread",
            [.wrongAnswer],
            """
            import _thread, os
            def flood():
                while True: os.write(3, b'{"index":1,"status":"value","value":1003}\\n')
            def f(a, b):
                _thread.start_new_thread(flood, ())
                return None
            """
        ),
        Cheat(
            // On a machine with much else to do its time is up before the line is too long.
            "writes one endless line",
            [.wrongAnswer, .timeout],
            "import os\nwhile True: os.write(3, b'x' * 65536)"
        ),
        Cheat(
            "takes the request from the driver",
            [.timeout, .wrongAnswer],
            """
            import os, _thread
            _thread.start_new_thread(lambda: [os.read(4, 65536) for _ in iter(int, 1)], ())
            import time; time.sleep(0.1)
            def f(a, b): return None
            """
        ),
        Cheat(
            "closes every descriptor",
            [.earlyExit],
            "import os\nos.closerange(0, 256)\ndef f(a, b): return None"
        ),
        Cheat(
            "replaces its module",
            [.wrongAnswer],
            "import sys\nsys.modules['solution'] = type('M', (), {'f': lambda a, b: 1003})\ndef f(a, b): return None"
        ),
        Cheat("returns a number beyond all doubles", [.wrongAnswer], "def f(a, b): return 10 ** 400"),
        Cheat("returns infinity", [.wrongAnswer], "def f(a, b): return float('1e999')"),
        Cheat("returns a generator", [.wrongAnswer], "def f(a, b): yield 1003"),
        Cheat("returns not a number", [.wrongAnswer], "def f(a, b): return float('nan')"),
        Cheat(
            "returns itself nested",
            [.wrongAnswer],
            "def f(a, b):\n    x = []\n    x.append(x)\n    return x"
        ),
        Cheat(
            "forges a line that nests deeply",
            [.wrongAnswer],
            """
            import os
            os.write(3, b'{"index":0,"status":"value","value":' + b"[" * 511 + b"]" * 511 + b"}\\n")
            """
        ),
        Cheat("returns half a surrogate pair", [.wrongAnswer], "def f(a, b): return '\\ud800'"),
        Cheat(
            "returns an endless list",
            [.memoryLimit, .outputLimit],
            "def f(a, b): return [0] * (1 << 24)"
        ),
        Cheat("returns a huge number", [.wrongAnswer, .runtimeError], "def f(a, b): return 7 ** 100000"),
        Cheat("recurses for ever", [.runtimeError], "def f(a, b): return f(b, a)"),
        Cheat(
            "lowers the recursion limit",
            [.wrongAnswer, .runtimeError, .earlyExit],
            "import sys\ndef f(a, b):\n    sys.setrecursionlimit(8)\n    return [[[[[[a]]]]]]"
        ),
        Cheat(
            "replaces standard output",
            [.wrongAnswer],
            "import sys\nsys.stdout = sys.stderr = None\ndef f(a, b): return 0"
        ),
        Cheat("defines no function", [.runtimeError], "g = 1"),
        Cheat("defines something else", [.runtimeError], "f = 1003"),
        Cheat(
            "raises what cannot be shown",
            [.runtimeError],
            """
            class Bad(Exception):
                def __str__(self): raise self
            def f(a, b): raise Bad()
            """
        ),
    ]
}

@Suite("Cheats", .enabled("bubblewrap works on this machine") { await Workshop.isUsable })
struct CheatTests {
    // Sums are shifted by a thousand: no program can know, and every value that is found was stolen.
    private static let cases: [([JSONValue], JSONValue)] = [
        ([1, 2], 1003), ([30, 4], 1034), ([-7, 8], 1001),
    ]

    @Test("A wrong solution passes no test, whatever it does", arguments: Cheat.all)
    func cheat(_ cheat: Cheat) async throws {
        let result = try await Workshop.call(
            cheat.source,
            Self.cases,
            limits: ExecutionLimits(wallMilliseconds: 6_000, memoryMiB: 256)
        )

        #expect(result.passed == 0)
        #expect(
            cheat.verdicts.contains(result.verdict),
            "\(result.verdict) \(result.tests) \(result.diagnostics)"
        )
    }

    @Test(
        "No number is close to every other",
        arguments: ["10 ** 400", "-10 ** 400", "float('inf')", "float('nan')", "1e308 * 10", "0", "1e300"]
    )
    func closeToAll(_ value: String) async throws {
        let cases: [([JSONValue], JSONValue)] = [
            ([0], 3.14159), ([1], -2.5e-7), ([2], 1e300), ([3], [1e-9]), ([4], 12),
        ]

        let call = try await Workshop.call("def f(n): return \(value)", cases, comparison: .float)
        let io = try await Workshop.io(
            "print(['1e999', '1' + '0' * 400, \(value)][int(input())])",
            [("0", "3.14159"), ("1", "2.5"), ("2", "1e-7")],
            comparison: .float
        )

        #expect(call.passed == (value == "1e300" ? 1 : 0), "\(call.tests)")
        #expect(io.passed == 0, "\(io.tests)")
    }

    @Test("The same suite passes an honest solution, noise and all")
    func honest() async throws {
        let source = """
            import sys, os
            print("loading", flush=True)
            def f(a, b):
                print({"index": 1}, flush=True)
                sys.stderr.write("thinking\\n")
                return a + b + 1000
            """

        let result = try await Workshop.call(source, Self.cases)

        #expect(result.verdict == .ok)
        #expect(result.passed == 3)
        #expect(result.diagnostics == "thinking\nthinking\nthinking\n")
    }
}
