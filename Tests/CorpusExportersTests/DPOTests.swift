import CorpusExporters
import CorpusKit
import Testing

@Suite("DPO")
struct DPOTests {
    @Test("A pair is a prompt and one assistant turn a side")
    func row() async throws {
        let bench = ExportBench()
        let pair = Made.pair([Message(.system, "s"), Message(.user, "q")])

        let receipt = try await bench.write("dpo", [ExportRow(.pair(pair), split: "test")])

        let row = try bench.rows("out/test-00000-of-00001.jsonl")[0]
        #expect(
            row == [
                "id": .string(pair.id),
                "prompt": [["role": "system", "content": "s"], ["role": "user", "content": "q"]],
                "chosen": [["role": "assistant", "content": "sorted(x)"]],
                "rejected": [["role": "assistant", "content": "x"]], "tools": nil,
                "chosen_key": .string(pair.chosenKey.description),
                "rejected_key": .string(pair.rejectedKey.description), "detail_json": #"{"basis":"tests"}"#,
                "provenance_json": #"{"chosen":[],"rejected":[]}"#,
            ]
        )
        #expect(receipt.files.map(\.rows) == [0, 1])
        let plain = ExportBench()
        _ = try await plain.write(
            "dpo",
            [ExportRow(.pair(pair), split: "test")],
            options: ["metadata": false]
        )
        let keys = try plain.rows("out/test-00000-of-00001.jsonl")[0].members.map { $0.keys.sorted() }
        #expect(keys == ["chosen", "id", "prompt", "rejected", "tools"])
    }

    @Test(
        "Pairs that would teach something wrong are refused",
        arguments: [
            (Made.pair([]), "must end with a turn that an assistant answers"),
            (Made.pair(Made.short), "must end with a turn that an assistant answers"),
            (Made.pair(chosen: Message(.user, "x")), "the chosen side"),
            (Made.pair(rejected: Message(.assistant, " ")), "the rejected side"),
            (Made.pair(rejected: Message(.assistant, "sorted(x)")), "both sides"),
        ]
    )
    func refused(pair: PreferencePair, message: String) async throws {
        let bench = ExportBench()

        let problem = await #expect(throws: ExportProblem.self) {
            try await bench.write("dpo", [ExportRow(.pair(pair), split: "train")])
        }

        #expect(problem?.description.contains(message) == true)
        #expect(problem?.description.contains(pair.id) == true)
        #expect(bench.names == [])
        let sample = Made.sample(Made.short)
        let refusal = try bench.make("dpo").refusal(of: pair, chosen: sample, rejected: sample)
        #expect(refusal?.description == problem?.description)
    }

    private static func side(_ answer: String, _ evidence: [(Evidence.Outcome, Double?)]) -> Sample {
        let turns = [Message(.user, "Sort"), Message(.assistant, answer)]
        let id = Content(messages: turns).id
        return Made.sample(
            turns,
            evidence: evidence.map { Evidence("tests", $0.0, about: id, score: $0.1) }
        )
    }

    @Test("A pair whose samples prove the difference may be written")
    func proven() throws {
        let dpo = try ExportBench().make("dpo")

        let byTests = dpo.refusal(
            of: Made.pair(),
            chosen: Self.side("sorted(x)", [(.pass, nil)]),
            rejected: Self.side("x", [(.fail, nil)])
        )
        let byScore = dpo.refusal(
            of: Made.pair(),
            chosen: Self.side("sorted(x)", [(.pass, 0.9)]),
            rejected: Self.side("x", [(.pass, 0.4)])
        )

        #expect(byTests == nil)
        #expect(byScore == nil)
        #expect(!dpo.requiresAnswer)
    }

    @Test(
        "A pair whose samples do not prove it is refused",
        arguments: [
            (side("sorted(x)", []), side("x", [(.fail, nil)]), "missing-evidence"),
            (side("sorted(x)", [(.pass, nil)]), side("x", []), "missing-evidence"),
            (side("sorted(x)", [(.pass, nil)]), side("x", [(.pass, nil)]), "missing-evidence"),
            (side("sorted(x)", [(.pass, 0.5)]), side("x", [(.pass, 0.5)]), "missing-evidence"),
            (side("sorted(x)", [(.pass, nil), (.fail, nil)]), side("x", [(.fail, nil)]), "missing-evidence"),
            (side("list(x)", [(.pass, nil)]), side("x", [(.fail, nil)]), "stale-evidence"),
            (
                Made.sample(
                    [Message(.user, "Sort"), Message(.assistant, "sorted(x)")],
                    evidence: [Evidence("tests", .pass, about: "smp_other")]
                ), side("x", [(.fail, nil)]), "stale-evidence"
            ),
        ] as [(Sample, Sample, ReasonCode)]
    )
    func unproven(chosen: Sample, rejected: Sample, reason: ReasonCode) throws {
        let refusal = try ExportBench().make("dpo").refusal(
            of: Made.pair(),
            chosen: chosen,
            rejected: rejected
        )

        #expect(refusal?.reason == reason)
        let manifest = BuiltInExporters.all.first { $0.manifest.name == "dpo" }?.manifest
        #expect(manifest?.reasons.contains(reason) == true)
    }
}
