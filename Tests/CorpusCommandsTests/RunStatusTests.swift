import CorpusKit
import Testing

@testable import CorpusCommands

@Suite("The status of a run")
struct RunStatusTests {
    static let full = RunStatus(
        run: "bench",
        process: 4711,
        pass: 2,
        state: "paused",
        since: 1000.5,
        reason: nil,
        stages: [
            .init(name: "tasks", verb: "read", plugin: "jsonl", width: 64, waiting: 0, done: 6),
            .init(
                name: "solved",
                verb: "generate",
                plugin: "solve",
                width: 8,
                waiting: 1_234,
                inWork: 4,
                done: 10,
                dropped: 2,
                failed: 1,
                isSkipped: true
            ),
        ],
        callsInFlight: 4,
        callsWaiting: 3,
        calls: .init(spent: 12, cap: 100),
        tokens: .init(spent: 1_234, cap: nil),
        nanoDollars: .init(spent: 1_020_000_001, cap: 5_000_000_000),
        wall: .init(spent: 41, cap: 21_600),
        seeds: 6,
        exported: 4
    )

    @Test("It is read as it was written, to the last billionth of a dollar")
    func roundTrip() throws {
        let json = try JSONValue(parsing: Self.full.json.canonical)
        #expect(RunStatus(json) == Self.full)

        var bare = Self.full
        (bare.process, bare.state, bare.reason) = (nil, "killed", "because")
        bare.stages[1].waiting = nil
        bare.wall = .init(spent: nil, cap: nil)
        #expect(RunStatus(bare.json) == bare)
        #expect(bare.json["process"] == .null && bare.json["stages"]?.elements?[1]["waiting"] == .null)
        #expect(RunStatus([:]) == nil && RunStatus("x") == nil)
    }

    @Test("People see a compact table, and nothing of it can move their cursor")
    func text() {
        var status = Self.full
        status.run = "ben\u{1B}[2Jch"
        let text = RunStatusText(status: status, paint: Paint(isOn: false), now: 1124.7).lines
        #expect(
            text == [
                "ben\u{FFFD}[2Jch: paused for 2:04, pass 2, process 4711",
                "nothing new starts until `corpusmith ctl resume`",
                "",
                "stage   does            width  waiting  in work  done  dropped  failed",
                "tasks   read jsonl         64                       6",
                "solved  generate solve      8    1,234        4    10        2       1  skipped",
                "",
                "calls      12  of 100; 4 in flight, 3 waiting",
                "tokens  1,234",
                "cost    $1.02  of $5.00",
                "time     0:41  of 6:00:00",
                "seeds       6",
                "ready       4  for export",
            ]
        )
    }

    @Test(
        "A run without a process is told of as long ago, with what goes on with it",
        arguments: [
            ("killed", "bench: killed 2 minutes ago, pass 2, no process", "the same run again continues"),
            ("done", "bench: done 2 minutes ago, pass 2, no process", nil),
            (
                "stopped: bad-key", "bench: stopped: bad-key 2 minutes ago, pass 2, no process",
                "once that is mended which stopped it, the same run again continues"
            ),
        ]
    )
    func over(state: String, heading: String, next: String?) {
        var status = Self.full
        (status.process, status.state) = (nil, state)
        status.stages[1].waiting = nil
        let text = RunStatusText(status: status, paint: Paint(isOn: false), now: 1124.7).lines
        #expect(text[0] == heading)
        #expect(text[1] == (next ?? ""))
        #expect(text.contains { $0.hasPrefix("solved") && $0.contains("  ?  ") })
    }

    @Test("A run that ends says why")
    func ending() {
        var status = Self.full
        (status.state, status.reason) = ("draining", "the budget of 5 calls has 5 made")
        let text = RunStatusText(status: status, paint: Paint(isOn: false), now: 1124.7).lines
        #expect(text[1] == "ends: the budget of 5 calls has 5 made")
    }
}
