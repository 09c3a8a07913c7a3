import CorpusEndpoint
import CorpusKit
import Foundation

/// A models folder with a tiny file for weights and a fake engine, to be removed by the test.
///
/// The real launcher runs; only `import xllamacpp` finds something else, which does what its `mode` says.
struct ModelsFolder: Sendable {
    enum Mode: String, CaseIterable {
        case ready, slowlyReady, neverReady, neverAnswers, diesAtStart, diesWhenAsked, ignoresStop
    }

    let path: String
    let model: LocalModel

    init(_ mode: Mode = .ready) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "models-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
        let weights = Array("GGUF and nothing else".utf8)
        try Data(weights).write(to: folder.appendingPathComponent("tiny.gguf"))
        try Data("MODE = '\(mode.rawValue)'\n\(Self.engine)".utf8).write(
            to: folder.appendingPathComponent("xllamacpp.py")
        )
        model = LocalModel(
            name: "tiny",
            packages: ["tiny==1"],
            weights: "tiny.gguf",
            sha256: Digest(of: weights).description,
            licence: "Apache-2.0",
            outputTerms: "apache-2.0"
        )
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Waits until the fake engine has been told what to do.
    func reported() async throws {
        for _ in 0..<4000 {
            if (try? report()) != nil { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// What the fake engine wrote beside itself: its process and what it was told.
    func report() throws -> JSONValue {
        try JSONValue(parsing: Array(Data(contentsOf: URL(fileURLWithPath: path + "/report.json"))))
    }

    private static let engine = #"""
        import http.server, json, os, signal, sys, threading, time
        from types import SimpleNamespace

        class CommonParams:
            def __init__(self):
                self.model, self.cpuparams, self.cpuparams_batch = SimpleNamespace(), SimpleNamespace(), SimpleNamespace()

        class Server:
            def __init__(self, settings):
                report = {
                    "pid": os.getpid(), "parent": os.getppid(), "slots": settings.n_parallel, "context": settings.n_ctx,
                    "threads": settings.cpuparams.n_threads, "alias": sorted(settings.model_alias),
                    "environment": sorted(os.environ), "weights": settings.model.path,
                }
                place = os.path.join(os.path.dirname(__file__), "report.json")
                with open(place + ".new", "w") as file:
                    json.dump(report, file)
                os.rename(place + ".new", place)
                if MODE == "diesAtStart":
                    print("first line", file=sys.stderr)
                    print("the model file is broken", file=sys.stderr)
                    os._exit(7)
                if MODE == "ignoresStop":
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    os._exit = lambda code: time.sleep(3600)
                polls = 0

                class Handler(http.server.BaseHTTPRequestHandler):
                    def do_GET(self):
                        nonlocal polls
                        polls += 1
                        if self.path == "/die":
                            print("out of luck", file=sys.stderr, flush=True)
                            os.kill(os.getpid(), signal.SIGKILL)
                        if MODE == "neverAnswers":
                            time.sleep(3600)
                        ready = MODE != "neverReady" and not (MODE == "slowlyReady" and polls < 3)
                        self.send_response(200 if ready else 503)
                        self.end_headers()
                        self.wfile.write(b"{}" if ready else b'{"error": {"message": "Loading model"}}')

                    def log_message(self, *arguments):
                        pass

                print("some noise that is no address", flush=True)
                listener = http.server.ThreadingHTTPServer((settings.hostnames[0], settings.port), Handler)
                threading.Thread(target=listener.serve_forever, daemon=True).start()
        """#
}
