import CorpusExporters
import CorpusKit
import Testing

@Suite("SFT messages")
struct SFTMessagesTests {
    @Test("A row is one line with its keys in order, escaped as JSON asks and no more")
    func text() async throws {
        let bench = ExportBench()

        _ = try await bench.write("sft-messages", [Made.row(Made.long)], options: ["metadata": false])

        let line = String(decoding: try bench.bytes("out/train-00000-of-00001.jsonl"), as: UTF8.self)
        let id = Content(messages: Made.long).id
        #expect(
            line == #"{"id":""# + id + #"","messages":["#
                + #"{"role":"system","content":"Be \"brief\".","loss":null},"#
                + #"{"role":"user","content":"写"# + "\u{2028}" + #"x\t1","loss":null},"#
                + #"{"role":"assistant","content":"a\nb \\ 🙂","loss":true},"#
                + #"{"role":"user","content":"2024-01-01","loss":null},"#
                + #"{"role":"assistant","content":"```python\nprint(1)\n```","loss":true}"#
                + #"],"tools":null}"# + "\n"
        )
    }

    @Test("Columns about a row's origin are strings in every row, whatever is known")
    func metadata() async throws {
        let bench = ExportBench()
        let rows = [
            Made.sample(Made.short), Made.sample(Made.long, labels: [:], licence: nil),
        ].map { ExportRow(.sample($0), split: "train") }

        let receipt = try await bench.write("sft-messages", rows)

        let written = try bench.rows("out/train-00000-of-00001.jsonl")
        #expect(written.map { $0["source"] } == ["tasks", "tasks"])
        #expect(written.map { $0["licence"] } == ["MIT", "NOASSERTION"])
        #expect(written.map { $0["labels_json"] } == [#"{"language":"python"}"#, "{}"])
        #expect(written[0]["group"]?.text == ItemKey(deriving: ["group"]).description)
        #expect(written[0]["task"]?.text == ItemKey(deriving: ["task"]).description)
        let keys = Set(written.flatMap { row in [row.members.map { Set($0.keys) }] })
        #expect(keys.count == 1)
        let declared = receipt.features.split(separator: "\n").filter { !$0.hasPrefix(" ") }
            .compactMap { $0.split(separator: "name: ").last?.prefix { $0 != "," } }
        #expect(keys.first == Set(declared.map(String.init)))
    }

    @Test("No column has a name that trainers take for something else", arguments: ["sft-messages", "dpo"])
    func columnNames(exporter: String) async throws {
        let bench = ExportBench()

        let body: ExportRow.Body = exporter == "dpo" ? .pair(Made.pair()) : .sample(Made.sample(Made.short))
        _ = try await bench.write(exporter, [ExportRow(body, split: "train")])

        let names = try bench.rows("out/train-00000-of-00001.jsonl")[0].members.map { Set($0.keys) } ?? []
        #expect(
            names.isDisjoint(with: ["labels", "label", "input_ids", "completion_mask", "text", "channel"])
        )
    }

    @Test("Only the last answer is trained when the recipe says so, and the others are marked")
    func lastOnly() async throws {
        let bench = ExportBench()

        _ = try await bench.write("sft-messages", [Made.row(Made.long)], options: ["train": "last"])

        let messages = try bench.rows("out/train-00000-of-00001.jsonl")[0]["messages"]?.elements ?? []
        #expect(messages.map { $0["loss"] } == [.null, .null, false, .null, true])
    }

    @Test(
        "A sample without an answer to train on is refused, and nothing is written",
        arguments: [
            [Message(.user, "Hi")], [Message(.user, "Hi"), Message(.assistant, " \n")], [],
        ]
    )
    func unanswered(messages: [Message]) async throws {
        let bench = ExportBench()
        let rows = [Made.row(Made.short), Made.row(messages)]

        let problem = await #expect(throws: ExportProblem.self) {
            try await bench.write("sft-messages", rows)
        }

        let id = Content(messages: messages).id
        #expect(
            problem?.description
                == "sample \(id) has no assistant turn to train on; filter such samples out before the export"
        )
        #expect(bench.names == [])
    }

    @Test("Evidence about other content is refused, evidence about this content passes")
    func staleEvidence() async throws {
        let bench = ExportBench()
        let id = Content(messages: Made.short).id
        let fresh = Made.sample(Made.short, evidence: [Evidence("tests", .pass, about: id)])
        let stale = Made.sample(Made.short, evidence: [Evidence("tests", .pass, about: "smp_other")])

        _ = try await bench.write("sft-messages", [ExportRow(.sample(fresh), split: "train")])
        let problem = await #expect(throws: ExportProblem.self) {
            try await bench.write("sft-messages", [ExportRow(.sample(stale), split: "train")])
        }

        #expect(
            problem?.description
                == "the evidence `tests` of sample \(id) is about other content; verify the sample again"
        )
    }

    @Test("The chat template lies beside the data and marks what is trained up to the end of the turn")
    func template() async throws {
        let bench = ExportBench()

        let receipt = try await bench.write("sft-messages", [Made.row(Made.short)])

        let shared = try #require(receipt.files.last)
        let bytes = try bench.bytes("templates/chatml_masked.jinja")
        #expect(shared.path == "templates/chatml_masked.jinja")
        #expect(shared.split == nil)
        #expect(shared.bytes == bytes.count)
        #expect(shared.digest == Digest(of: bytes))
        let text = String(decoding: bytes, as: UTF8.self)
        let opened = text.split(separator: "{%- generation -%}").count
        #expect(opened > 1)
        #expect(opened == text.split(separator: "{%- endgeneration -%}").count)
    }

    @Test("Pairs are sent to the exporter that takes them, and the other way round")
    func wrongRows() async throws {
        let bench = ExportBench()

        let pair = await #expect(throws: ExportProblem.self) {
            try await bench.write("sft-messages", [ExportRow(.pair(Made.pair()), split: "train")])
        }
        let sample = await #expect(throws: ExportProblem.self) {
            try await bench.write("dpo", [Made.row(Made.short)])
        }

        #expect(pair?.description.hasSuffix("use `dpo` for it") == true)
        #expect(sample?.description.hasSuffix("use `sft-messages` for it") == true)
        #expect(try bench.make("sft-messages").takes == .samples)
        #expect(try bench.make("dpo").takes == .pairs)
        #expect(throws: BadOption.self) { try bench.make("dpo", ["compress": "zip"]) }
    }
}
