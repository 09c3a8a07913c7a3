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
        "A sample without an answer to train on is refused with a reason, and nothing is written",
        arguments: [
            ([Message(.user, "Hi")], "unanswered"), ([], "unanswered"),
            (Made.short + [Message(.user, "And?")], "unanswered"),
            ([Message(.user, "Hi"), Message(.assistant, " \n")], "blank-answer"),
            ([Message(.user, "Hi"), Message(.assistant, "")] + Made.short, "blank-answer"),
        ] as [([Message], ReasonCode)]
    )
    func unanswered(messages: [Message], reason: ReasonCode) async throws {
        let bench = ExportBench()
        let rows = [Made.row(Made.short), Made.row(messages)]

        let problem = await #expect(throws: ExportProblem.self) {
            try await bench.write("sft-messages", rows)
        }

        let id = Content(messages: messages).id
        let exporter = try bench.make("sft-messages")
        let refusal = try #require(exporter.refusal(of: Made.sample(messages)))
        #expect(refusal.reason == reason)
        #expect(refusal.description.contains(id))
        #expect(problem?.description == refusal.description)
        #expect(bench.names == [])
        #expect(exporter.requiresAnswer)
        let manifest = BuiltInExporters.all.first { $0.manifest.name == "sft-messages" }?.manifest
        #expect(manifest?.reasons.contains(reason) == true)
    }

    @Test("A blank turn that is not trained does not stand in the way")
    func blankContext() throws {
        let turns = [Message(.user, "Hi"), Message(.assistant, "")] + Made.short
        let sample = Made.sample(turns)
        let bench = ExportBench()

        #expect(try bench.make("sft-messages", ["train": "last"]).refusal(of: sample) == nil)
        #expect(try bench.make("sft-messages").refusal(of: Made.sample(Made.long)) == nil)
    }

    @Test("Rows that resemble a benchmark are counted in the receipt")
    func suspects() async throws {
        let bench = ExportBench()
        let rows = [
            ["suspect_of": ["humaneval word-10", "mbpp word-10"]], ["suspect_of": ["mbpp word-10"]], [:],
        ].map { ExportRow(.sample(Made.sample(Made.short, labels: $0)), split: "train") }

        let receipt = try await bench.write("sft-messages", rows)

        #expect(receipt.suspects == ["humaneval word-10": 1, "mbpp word-10": 2])
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
