import CorpusKit
import CorpusLedger
import Foundation
import Testing

@Suite("What a row carries along", .timeLimit(.minutes(5)))
struct MarkTests {
    @Test("A filter's mark on what it keeps stands in the export, also after a second pass")
    func marks() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.replacing(
            "  rated:",
            with: "  marked: { filter: toy-mark, from: tested }\n  rated:"
        )
        .replacing("from: tested, siblings", with: "from: marked, siblings")

        _ = try await run.pass(text)
        let first = try run.exports()
        let (_, report) = try await run.pass(text, endpoint: ToyEndpoint(shuffle: 3))

        let lines = first.filter { $0.key.hasPrefix("sft") }.values.flatMap { $0.split(separator: "\n") }
        #expect(!lines.isEmpty)
        for line in lines {
            let isEven = line.firstMatch(of: /"n":\d*[02468]\b/) != nil
            #expect(line.contains(#""mark":["even"]"#) == isEven)
            #expect(line.contains(#""seen":true"#) == isEven)
        }
        #expect(try run.exports() == first)
        #expect(report.counts.open == 0)
    }

    @Test("Licences are those of the seeds behind exported rows, not of all that were read")
    func licences() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.replacing(
            "model: m }\n  tested",
            with: "model: m, options: { attempts: 1 } }\n  tested"
        )

        let (_, report) = try await run.pass(text)

        let lines = try run.exports().filter { $0.key.hasPrefix("sft") }.values.flatMap {
            $0.split(separator: "\n")
        }
        let seeds = Set(lines.compactMap { $0.firstMatch(of: /"n":\d+/).map { String($0.output) } })
        #expect(report.seeds == 12)
        #expect(seeds.count < 12 && !seeds.isEmpty)
        #expect(report.licences == ["MIT": seeds.count])
    }
}

/// Keeps everything, and marks what comes from an even number.
struct ToyMark: FilterPlugin {
    static let manifest = Manifest(name: "toy-mark", version: 1, summary: "marks")
    static let selfChecks: [SelfCheck] = []

    init(options: NoOptions, setup: PluginSetup) throws {}

    func selection(of sample: Sample) -> Selection {
        guard let n = sample.content.fields["n"]?.whole, n.isMultiple(of: 2) else { return .keep }
        return .keep(detail: ["seen": true], labels: ["mark": ["even"]])
    }
}
