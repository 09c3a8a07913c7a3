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
    }
}
