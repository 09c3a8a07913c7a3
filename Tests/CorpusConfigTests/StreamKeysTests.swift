import CorpusConfig
import Testing

private func model(_ keys: String) -> String {
    recipe("models: { m: { url: \"https://a.example/v1\", model: b, \(keys) } }\nbudget: { calls: 1 }\n")
}

private func seconds(_ timeouts: Recipe.Timeouts) -> [Int] {
    [timeouts.firstTokenSeconds, timeouts.idleSeconds, timeouts.totalSeconds]
}

private let faults: [Fault] = [
    Fault(
        name: "two words for the whole time",
        code: "misplaced-key",
        message: "`timeout` and `timeouts.total` say the same",
        hint: "keep `total` under `timeouts:`",
        text: model("1️⃣timeout: 5m, timeouts: { total: 6m }")
    ),
    Fault(
        name: "a first token of a reply in one piece",
        code: "misplaced-key",
        message: "only a reply that comes in pieces has a first token",
        hint: "add `stream: true` to the model, or leave `first_token` out",
        text: model("timeouts: { 1️⃣first_token: 2m }")
    ),
    Fault(
        name: "a time that is no duration",
        code: "wrong-type",
        message: "`idle` must be a duration, not `60`",
        hint: "write a whole number and a unit: `90s`, `20m`, `6h` or `2d`",
        text: model("timeouts: { idle: 1️⃣60 }")
    ),
    Fault(
        name: "a time that nobody knows",
        code: "unknown-key",
        message: "unknown key `first` in `timeouts`",
        hint: nil,
        text: model("timeouts: { 1️⃣first: 2m }")
    ),
    Fault(
        name: "pieces of something else",
        code: "wrong-type",
        message: "`stream` must be `true`, `false` or `auto`, not a string",
        hint: nil,
        text: model("stream: 1️⃣sometimes")
    ),
    Fault(
        name: "pieces in batches",
        code: "misplaced-key",
        message: "a model asked in batches takes no `stream`",
        hint: nil,
        text: model("batch: true, 1️⃣stream: true")
    ),
]

@Suite("Keys for pieces and times")
struct StreamKeysTests {
    @Test("Each fault has a code, a sentence, a place and a hint", arguments: faults)
    func fault(_ fault: Fault) throws { try fault.check() }

    @Test("Times and pieces are read, and have defaults")
    func values() throws {
        let plain = try #require(try read(model("limits: {}")).models.first)
        let short = try #require(try read(model("timeout: 5m, batch: true, stream: false")).models.first)
        let long = try #require(
            try read(model("stream: auto, timeouts: { first_token: 90s, idle: 20s, total: 1h }")).models.first
        )

        #expect(plain.replyMegabytes == nil)
        #expect(try read(model("limits: { reply_mb: 8 }")).models.first?.replyMegabytes == 8)
        #expect(seconds(plain.timeouts) == [120, 60, 600])
        #expect(plain.streaming.fewestTokens == nil)
        #expect(short.timeouts.totalSeconds == 300)
        #expect(short.streaming == .never)
        #expect(seconds(long.timeouts) == [90, 20, 3600])
        #expect(long.streaming.fewestTokens == 4096)
        #expect(try read(model("stream: true")).models.first?.streaming.fewestTokens == 0)
    }
}
