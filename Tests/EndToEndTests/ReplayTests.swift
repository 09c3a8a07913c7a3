import CorpusModel
import CorpusText
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("Replays and cassettes", .timeLimit(.minutes(5)))
struct ReplayTests {
    private func cassette(_ bench: Bench, _ folder: String = "tape") throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: bench.folder + "/\(folder)/cassette.jsonl.zst"))
    }

    @Test("A replay of a finished run calls nobody and writes the same bytes")
    func sameLedger() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let (before, calls) = (try bench.exports(), bench.server.requests.count)
        try bench.removeExports()
        bench.server.stop()
        let end = try await bench.run("--replay")

        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.server.requests.count == calls)
        #expect(try bench.exports() == before)
    }

    @Test("A cassette reproduces a run on a machine that has nothing else, at no cost")
    func freshMachine() async throws {
        let bench = try Bench()
        let recorded = try await bench.run("--record", "tape")
        let exports = try bench.exports()
        let asked = bench.server.requests.count
        bench.server.stop()
        try FileManager.default.removeItem(atPath: bench.folder + "/output")
        let end = try await bench.run("--replay", "--cassette", "tape", "--output", "output/bench")
        let report = try await bench.report()

        #expect(recorded.code == 0 && end.code == 0, "\(recorded.errors) \(end.errors)")
        #expect(bench.server.requests.count == asked)
        #expect(try bench.exports() == exports)
        #expect(report["spending"]?["calls"]?.whole == 0)
        #expect(report["spending"]?["imported"]?.whole == 24)
        #expect(report["costs"]?["usd"]?.real == 0)
    }

    @Test(
        "What is not recorded fails as such and is counted; without the replay it is bought, and nothing else is"
    )
    func missingReplies() async throws {
        let bench = try Bench()
        _ = try await bench.run("--record", "tape")
        try bench.write(bench.recipe().edited("attempts: 4", to: "attempts: 5"), to: "recipe.yaml")
        let calls = bench.calls
        let replay = try await bench.run("--replay", "--cassette", "tape", "--output", "output/other")
        let report = try await Program.run("report", "output/other", "--json", folder: bench.folder).json

        #expect(replay.code == 1, "\(replay.errors)")
        #expect(bench.calls == calls)
        #expect(replay.errors.contains("no exports were written"))
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/output/other/export"))
        // With another count of attempts only the first of each task asks what was asked before.
        let missing = try #require(report["stages"]?.elements?.first { $0["name"] == "solved" })
        let units = try #require(missing["reasons"]?["not-recorded"]?.whole)
        #expect(units > 0 && report["counts"]?["failed"]?["not-recorded"]?.whole == units)
        #expect(Bench.addsUp(report), "\(report.pretty)")
        #expect(
            replay.errors.contains(
                "error[not-recorded]: units of work need replies that are not recorded: \(units) in `solved`"
            ),
            "\(replay.errors)"
        )
        let end = try await bench.run("--output", "output/other")
        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == calls + units)
    }

    @Test("A run takes what a cassette has and buys the rest; only the rest counts against its budget")
    func partly() async throws {
        let bench = try Bench()
        try bench.write(bench.recipe().edited("tokens: 1000000", to: "calls: 10"), to: "recipe.yaml")
        let stopped = try await bench.run("--record", "tape")
        try FileManager.default.removeItem(atPath: bench.folder + "/output")
        try bench.write(bench.recipe().edited("tokens: 1000000", to: "calls: 14"), to: "recipe.yaml")
        let end = try await bench.run("--cassette", "tape")

        #expect(stopped.code == 75, "\(stopped.errors)")
        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == 24)
        #expect(try await bench.report()["spending"]?["calls"]?.whole == 14)
    }

    @Test("A cassette holds what was asked and answered, and neither key nor address")
    func nothingPrivate() async throws {
        let key = "sk-bench-0123456789abcdef"
        let bench = try Bench()
        try bench.write(bench.recipe(extra: ", key: { env: BENCH_KEY }"), to: "recipe.yaml")
        let end = try await bench.run("--record", "tape", environment: ["BENCH_KEY": key])
        let text = String(decoding: try Zstd.decompress(Array(cassette(bench))), as: UTF8.self)

        #expect(end.code == 0, "\(end.errors)")
        #expect(text.contains("def add_3(x):"))
        for secret in [key, "BENCH_KEY", "127.0.0.1", bench.folder] { #expect(!text.contains(secret)) }
    }

    @Test("A damaged cassette is refused with file and line before anything is called or written")
    func damaged() async throws {
        let bench = try Bench()
        _ = try await bench.run("--record", "tape")
        let calls = bench.server.requests.count
        try FileManager.default.removeItem(atPath: bench.folder + "/output")
        let text = String(decoding: try Zstd.decompress(Array(cassette(bench))), as: UTF8.self)
        try bench.write(text.edited("return x", to: "return y"), to: "bad/cassette.jsonl")
        let end = try await bench.run("--cassette", "bad")
        let none = try await bench.run("--cassette", "nowhere")

        #expect(end.code == 2 && none.code == 2)
        let line = try #require(text.split(separator: "\n").firstIndex { $0.contains("return x") }) + 1
        #expect(
            end.errors.hasPrefix(
                "error[cassette-damaged]: bad/cassette.jsonl:\(line): the cassette was changed or damaged here\nhint: "
            ),
            "\(end.errors)"
        )
        #expect(none.errors.hasPrefix("error[cassette-missing]: there is no cassette in `nowhere`"))
        #expect(bench.server.requests.count == calls)
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/output"))
    }

    @Test(
        "Killed at any moment, a run that takes and records cassettes ends with the same ones",
        arguments: 0..<6
    )
    func killed(step: Int) async throws {
        let reference = try Bench()
        _ = try await reference.run("--record", "tape")
        let bench = try Bench()
        _ = try FileManager.default.createDirectory(
            atPath: bench.folder + "/first",
            withIntermediateDirectories: true
        )
        try bench.write(bench.recipe().edited("tokens: 1000000", to: "calls: 10"), to: "recipe.yaml")
        _ = try await bench.run("--record", "first")
        try FileManager.default.removeItem(atPath: bench.folder + "/output")
        try bench.write(bench.recipe(), to: "recipe.yaml")
        let arguments = ["--cassette", "first", "--record", "tape"]
        let running = try bench.start(arguments)
        // The last of these falls between the last reply and the recording.
        await bench.server.received(bench.server.requests.count + 1 + step * 2)
        running.signal(SIGKILL)
        let killed = try await running.end()
        let end = try await bench.start(arguments).end()

        #expect(killed.code == -SIGKILL || killed.code == 0)
        #expect(end.code == 0, "\(end.errors)")
        #expect(try Zstd.decompress(Array(cassette(bench))) == Zstd.decompress(Array(cassette(reference))))
        #expect(try bench.rows() == reference.rows())
        // A reply gives its place back before it is written down: as many are lost as there are units in work, at most.
        #expect(bench.calls <= 24 + 2 * 4)
    }

    /// The text of a cassette with replies to questions that nobody asks.
    private static func cassette(of count: Int) -> String {
        func line(_ members: [String: JSONValue]) -> String {
            let check = String(Digest(of: JSONValue.object(members)).description.prefix(16))
            return JSONValue.object(members.merging(["check": .string(check)]) { $1 }).canonical + "\n"
        }
        let replies = (0..<count).map { number in
            let request = ModelRequest(
                model: "m",
                messages: [Message(.user, "\(number)")],
                sampling: Sampling()
            )
            let text = line([
                "key": .string(request.key.description), "model": "m", "request": request.json,
                "reply": ["text": "r", "reasoning": .null], "finish": "stop", "usage": .null,
            ])
            return (request.key, text)
        }
        return #"{"format":"corpusmith-cassette","version":1}"# + "\n"
            + replies.sorted { $0.0 < $1.0 }.map(\.1).joined() + line(["replies": .int(count)])
    }

    private static func calls(on ledger: String) -> Int {
        var configuration = Configuration()
        configuration.readonly = true
        return
            (try? DatabaseQueue(path: ledger, configuration: configuration).read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM call")
            }) ?? 0
    }

    @Test("Killed while it takes a cassette, a run takes the rest the next time")
    func killedLoading() async throws {
        let bench = try Bench()
        try bench.write(Self.cassette(of: 3000), to: "tape/cassette.jsonl")
        let ledger = bench.folder + "/output/bench/ledger.sqlite"
        let running = try bench.start(["--replay", "--cassette", "tape"])
        await until { Self.calls(on: ledger) > 0 }
        running.signal(SIGKILL)
        _ = try await running.end()
        let end = try await bench.run("--replay", "--cassette", "tape", "--record", "again")

        // It has replies, though to other questions.
        #expect(end.code == 1, "\(end.errors)")
        #expect(!end.errors.contains("the same command tries them again"))
        #expect(Self.calls(on: ledger) == 3000)
        let again = try Zstd.decompress(Array(cassette(bench, "again")))
        #expect(String(decoding: again, as: UTF8.self) == Self.cassette(of: 3000))
    }

    @Test("What a real model once answered gives the same rows again, with zero calls and no model at hand")
    func realModel() async throws {
        let fixture = Repository.path + "/Tests/Fixtures/cassettes/first-tasks"
        let bench = try Bench()
        let folder = bench.folder + "/output/bench"
        let end = try await Program.run(
            "run",
            "recipe.yaml",
            "--replay",
            "--cassette",
            ".",
            "--output",
            folder,
            "--quiet",
            folder: fixture,
            environment: ["CORPUSMITH_MODELS": bench.folder + "/nothing"]
        )
        let report = try await bench.report()
        let expected = try String(contentsOfFile: fixture + "/exports.sha256", encoding: .utf8)
        let digests = try bench.rows().map { "\(Digest(of: $0.value))  \($0.key)" }

        #expect(end.code == 0, "\(end.errors)")
        #expect(report["spending"]?["calls"]?.whole == 0 && report["spending"]?["imported"]?.whole == 24)
        #expect(Bench.addsUp(report))
        #expect(digests.sorted() == expected.split(separator: "\n").map(String.init).sorted())
    }

    @Test("A disk without room for a cassette is told, and the run is whole all the same")
    func fullDisk() async throws {
        try await SmallDisk.lend(kibibytes: 4, to: "ReplayTests/fullDisk") { disk in
            let bench = try Bench { request in
                let noise = (0..<200).map { Digest(of: request.text + "\($0)").description }
                return .chat("I cannot. " + noise.joined())
            }
            try bench.write(bench.untestedRecipe(), to: "recipe.yaml")
            let end = try await bench.run("--record", disk.path, "--unsafe-no-sandbox")

            #expect(end.code == 75, "\(end.code) \(end.errors)")
            #expect(end.errors.contains("error[disk-full]"), "\(end.errors)")
            #expect(try await bench.report()["state"]?.text == "done")
            #expect(bench.calls == 24)
        }
    }
}
