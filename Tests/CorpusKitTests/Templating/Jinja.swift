import CorpusModel
import Foundation
import TestSupport

/// The real Jinja2, as the reference that templates are compared with.
struct Jinja {
    /// One template to render.
    struct Job: Sendable {
        var template: String
        var values: [String: JSONValue] = [:]
        var includes: [String: String] = [:]
    }

    /// Why the reference cannot be asked.
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    private let python: URL

    /// Finds a Python that can import Jinja2: the system's, then the first on the path.
    init() async throws {
        let folders =
            ["/usr/bin"]
            + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders {
            let python = URL(fileURLWithPath: folder).appendingPathComponent("python3")
            guard FileManager.default.isExecutableFile(atPath: python.path) else { continue }
            if try await Child.code(of: python.path, "-c", "import jinja2") == 0 {
                self.python = python
                return
            }
        }
        throw Unavailable(
            description: "no `python3` can import `jinja2`, which templates are compared with; "
                + "hint: install the package `python3-jinja2`"
        )
    }

    /// Renders all jobs in one process; nil stands for an error.
    func render(_ jobs: [Job]) async throws -> [String?] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "jinja-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appendingPathComponent("jobs.json")
        let output = folder.appendingPathComponent("texts.json")
        // Keys are written in order, so that Python's dictionaries have the order that templates give objects.
        let rows = jobs.map { job in
            JSONValue.array([
                .string(job.template), .object(job.values), .object(job.includes.mapValues { .string($0) }),
            ])
        }
        try Data(JSONValue.array(rows).canonical.utf8).write(to: input)
        let words = [python.path, "-W", "ignore", "-c", Self.script, input.path, output.path]
        let status = try await Child(words).end()
        guard status == 0, let texts = try JSONValue(parsing: Data(contentsOf: output)).elements else {
            throw Unavailable(description: "the Python process that runs Jinja2 ended with status \(status)")
        }
        return texts.map(\.text)
    }

    /// The settings are those that ``PromptTemplate`` documents.
    private static let script = """
        import json, sys
        import jinja2

        def tojson(value, indent=None):
            return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent)

        def render(template, values, includes):
            environment = jinja2.Environment(
                undefined=jinja2.StrictUndefined, keep_trailing_newline=False, trim_blocks=True,
                lstrip_blocks=True, autoescape=False, loader=jinja2.DictLoader(includes))
            environment.filters["tojson"] = tojson
            try:
                return environment.from_string(template).render(values)
            except Exception:
                return None

        with open(sys.argv[1], encoding="utf-8") as file:
            jobs = json.load(file)
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            json.dump([render(*job) for job in jobs], file)
        """
}
