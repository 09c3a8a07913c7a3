import CorpusKit
import CorpusTesting
import Foundation
import TestSupport
import Testing

@testable import CorpusFilters

@Suite("Shipped tasks")
struct ShippedTasksTests {
    @Test("No run of eight words of a task stands in a benchmark that ships as a pack")
    func eightWords() throws {
        let packs = try BenchmarkFile.builtIn.map { name in
            try FingerprintPack.read(
                finder().bytes(at: "\(Repository.path)/Templates/Fingerprints/\(name).csfp"),
                name: name
            )
        }
        let index = ContaminationIndex(packs.map { ($0, nil) })
        let seeds = try String(
            contentsOfFile: "\(Repository.path)/Seeds/python-functions.jsonl",
            encoding: .utf8
        )
        for line in seeds.textLines where !line.isEmpty {
            let task = try JSONValue(parsing: String(line))
            for field in ["instruction", "signature"] {
                var list = WordList()
                list.begin(text: 0)
                WordScanner.scan((task[field]?.text ?? "").utf8.span, into: &list)
                guard list.count >= 8 else { continue }
                let windows = WindowHashes(list.words)
                let hits = (0...(list.count - 8)).filter {
                    !index.matches(.word8, RuleKind.word8.key(windows.hash(from: $0, count: 8))).isEmpty
                }
                #expect(hits.isEmpty, "\(task["id"]?.text ?? ""): \(task[field]?.text ?? "")")
            }
        }
    }
}
