import CorpusLedger
import CorpusModel
import Foundation
import FoundationNetworking
import GRDB
import TestSupport
import Testing

@Suite("Whole runs against a scripted model", .timeLimit(.minutes(5)))
struct RunTests {
    @Test("A run accounts for every candidate, exports what passed, and pairs what failed with it")
    func wholeRun() async throws {
        let bench = try Bench()
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        #expect(end.output == "" && end.errors == "")
        let report = try await bench.report()

        #expect(Bench.addsUp(report), "\(report.pretty)")
        #expect(report["state"]?.text == "done")
        #expect(bench.calls == 24)
        let rows = try bench.exports().filter { $0.key.hasPrefix("sft/") }.values.flatMap {
            $0.split(separator: "\n")
        }
        #expect(rows.count == report["counts"]?["exported"]?.whole)
        #expect(rows.count > 0)
        #expect(report["pairs"]?.whole ?? 0 > 0)
        #expect(report["counts"]?["dropped"]?["test-failed"]?.whole ?? 0 > 0)
        #expect(report["counts"]?["dropped"]?["refusal"]?.whole ?? 0 > 0)
    }

    @Test("The same command after removing the exports makes no call and writes the same bytes")
    func secondRun() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let before = try bench.exports()
        let calls = bench.calls
        try bench.removeExports()
        let end = try await bench.run()

        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == calls)
        #expect(try bench.exports() == before)
        #expect(before.count >= 5)
    }

    @Test("The papers name the models that took part, and a spare one neither them nor their terms")
    func spareModel() async throws {
        let bench = try Bench()
        let spare = "  spare: { url: \"http://127.0.0.1:9\", model: other }\n"
        let text = bench.recipe(extra: ", output_terms: apache-2.0").edited("budget:", to: spare + "budget:")
        try bench.write(text, to: "recipe.yaml")
        let end = try await bench.run()

        #expect(end.code == 0, "\(end.errors)")
        let card = try #require(try bench.exports()["README.md"])
        #expect(card.contains("scripted") && card.contains("apache-2.0"))
        #expect(!card.contains("spare"))
    }

    @Test(
        "A run killed at any moment goes on to the same bytes; only calls that were in work are bought again",
        arguments: 1...5
    )
    func killed(step: Int) async throws {
        let reference = try Bench()
        _ = try await reference.run()
        let bench = try Bench()
        let running = try bench.start()
        // One more request than replies: the kill falls between the two.
        await bench.server.received(step * 4)
        running.signal(SIGKILL)
        let killed = try await running.end()
        // The kill may come when all is booked and the process is on its way out.
        let left = try? await bench.report()
        let end = try await bench.run()

        #expect(killed.code == -SIGKILL || killed.code == 0)
        if killed.code == -SIGKILL, left?["state"]?.text == "running" {
            #expect(end.errors.contains("the most that was in flight at once and up to half as much again"))
        }
        #expect(end.code == 0, "\(end.errors)")
        // A reply gives its place back before it is written down: as many are lost as there are units in work, at most.
        #expect(bench.calls <= 24 + 2 * 4)
        let report = try await bench.report()
        let undisturbed = try await reference.report()
        #expect(Bench.addsUp(report))
        #expect(report["counts"] == undisturbed["counts"])
        let (rows, expected) = try (bench.rows(), reference.rows())
        for name in Set(rows.keys).union(expected.keys).sorted() {
            #expect(rows[name] == expected[name], "\(name)")
        }
    }

    @Test("Ctrl-C ends what is in work, exits 130, and the same command continues")
    func interrupted() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        let running = try bench.start()
        await bench.server.received(8)
        running.signal(SIGINT)
        // What is in work ends only after the program has taken note of the signal.
        await running.said("finishing what is in work")
        gate.open()
        let stopped = try await running.end()
        let end = try await bench.run()

        #expect(stopped.code == 130, "\(stopped.errors)")
        #expect(stopped.errors.contains("run the same command again to continue"))
        #expect(end.code == 0)
        #expect(bench.calls == 24)
        let report = try await bench.report()
        #expect(Bench.addsUp(report))
    }

    @Test("--metrics serves the counts of the calls while the run lasts, and no word of what was asked")
    func metrics() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        let running = try bench.start(["--metrics", "0"])
        await bench.server.received(8)
        await running.said("/metrics")
        let said = running.errorsSoFar
        let address = try #require(said.split(separator: "\n").first { $0.hasPrefix("metrics: ") }).dropFirst(
            9
        )
        let url = try #require(URL(string: String(address)))
        let fetched = try? await URLSession.shared.data(from: url)
        let (body, response) = try #require(fetched, "\(running.errorsSoFar)")
        let page = String(decoding: body, as: UTF8.self)
        gate.open()
        let end = try await running.end()

        #expect(end.code == 0, "\(end.errors)")
        #expect(address.hasPrefix("http://127.0.0.1:"))
        #expect((response as? HTTPURLResponse)?.statusCode == 200)
        #expect(page.contains("corpusmith_requests_total{model=\"scripted\""))
        #expect(page.contains("corpusmith_calls_in_flight{"))
        #expect(page.contains("corpusmith_call_seconds_bucket{"))
        #expect(!page.contains("corpusmith_cost_usd_total{"), "the recipe states no price")
        #expect(!page.contains("add_"))
    }

    @Test("A port that is taken is said before anything is called")
    func metricsPortTaken() async throws {
        let bench = try Bench()
        let end = try await bench.run("--metrics", "\(bench.server.port)")

        #expect(end.code == 2)
        #expect(
            end.errors == """
                error[no-metrics]: the counts cannot be served: port \(bench.server.port) of 127.0.0.1 is taken by another program
                hint: name another port with `--metrics`, or 0 for any that is free

                """
        )
        #expect(bench.calls == 0)
    }

    @Test("A second process on the same run is refused and told who works there")
    func twoProcesses() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            gate.pass()
            return Bench.model(request)
        }
        let first = try bench.start()
        await bench.server.received(2)
        let second = try await bench.run()
        gate.open()
        let end = try await first.end()

        #expect(second.code == 75)
        #expect(second.errors.contains("error[ledger-busy]: process \(first.identifier) is working in"))
        #expect(end.code == 0, "\(end.errors)")
    }

    @Test("Rows that cannot be read are named with their line, and the rest goes on")
    func badRows() async throws {
        let bench = try Bench()
        let good = Bench.tasks[0]
        let text = "\(good)\n{not json}\n[1]\n{\"id\":\"x\",\"instruction\":\"\",\"tests\":1}\n"
        var bytes = Array(text.utf8)
        bytes += [0x7B, 0x22, 0x61, 0x22, 0x3A, 0x22, 0xFF, 0x22, 0x7D, 0x0A]
        try Data(bytes).write(to: URL(fileURLWithPath: bench.folder + "/seeds.jsonl"))
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let report = try await bench.report()
        #expect(Bench.addsUp(report), "\(report.pretty)")
        #expect(report["counts"]?["failed"]?["unreadable-row"]?.whole == 2)
        #expect(report["counts"]?["failed"]?["not-utf8"]?.whole == 1)
        for line in [2, 3, 5] {
            #expect(end.errors.contains("warning[unreadable-row]: seeds.jsonl:\(line): "), "\(end.errors)")
        }
    }

    @Test("Odd replies are booked with a reason and never stop the run")
    func oddReplies() async throws {
        let bench = try Bench { request in
            switch Bench.task(in: request) {
            case 1: .chat("")
            case 2: Answer(body: Array("this is no JSON".utf8))
            case 3: .chat(String(repeating: "x", count: 10 << 20))
            case 4: .reply("```python\ndef add_4(x):\n    # \u{1B}[2J\u{9B}2J\u{7F}\n    return x + 4\n```")
            case 5: Answer(body: Array("<html><body>Bad gateway</body></html>".utf8))
            default:
                Answer(
                    body: Array(
                        #"{"choices":[{"message":{"role":"assistant","content":"```python\ndef add_6("},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#
                            .utf8
                    )
                )
            }
        }
        try bench.write(
            bench.recipe().edited("attempts: 4", to: "attempts: 1"),
            to: "recipe.yaml"
        )
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let report = try await bench.report()
        #expect(Bench.addsUp(report), "\(report.pretty)")
        let dropped = report["counts"]?["dropped"]?.members ?? [:]
        let failed = report["counts"]?["failed"]?.members ?? [:]
        #expect(dropped["empty"]?.whole == 1)
        #expect(dropped["truncated"]?.whole == 1)
        // Ten megabytes are more than a hundred tokens can be.
        #expect(failed["reply-too-large"]?.whole == 1)
        #expect(failed.values.compactMap(\.whole).reduce(0, +) == 3, "\(failed)")
        #expect(
            end.errors.contains("warning[failed]: 3 candidates failed; the same command tries them again")
        )
        // Control characters are part of the text: they reach the rows, as JSON writes them.
        #expect(report["counts"]?["exported"]?.whole == 1)
        let row = try #require(bench.rows().filter { $0.key.hasPrefix("sft/") }.values.first { !$0.isEmpty })
        #expect(row.contains(#"# \u001b[2J"#) && !row.utf8.contains(0x1B))
        let answer = try JSONValue(parsing: row)["messages"]?.elements?.last?["content"]?.text
        #expect(answer?.contains("# \u{1B}[2J\u{9B}2J\u{7F}\n") == true)
    }

    @Test("A budget that is used up stops the run with 75; a larger one continues it")
    func budget() async throws {
        let bench = try Bench()
        let small = bench.recipe().edited("tokens: 1000000", to: "calls: 7")
        try bench.write(small, to: "recipe.yaml")
        let first = try await bench.run()
        let calls = bench.calls
        try bench.write(bench.recipe(), to: "recipe.yaml")
        let second = try await bench.run()

        #expect(first.code == 75, "\(first.errors)")
        #expect(calls == 7)
        #expect(second.code == 0, "\(second.errors)")
        #expect(bench.calls == 24)
    }

    @Test("A full disk stops the run in words, and it goes on when there is room")
    func fullDisk() async throws {
        try await SmallDisk.lend(kibibytes: 4096 + 240, to: "RunTests/fullDisk") { disk in
            let bench = try Bench { request in
                let noise = Digest(of: request.text).description
                return .chat("I cannot. " + String(repeating: noise, count: 40))
            }
            try bench.write(bench.untestedRecipe(), to: "recipe.yaml")
            let end = try await bench.run("--output", disk.path, "--unsafe-no-sandbox")
            let paid = bench.calls
            try disk.makeRoom()
            let second = try await bench.run("--output", disk.path, "--unsafe-no-sandbox")

            #expect(end.code == 75, "\(end.code) \(end.errors)")
            #expect(end.errors.contains("error[disk-full]"), "\(end.errors)")
            #expect(second.code == 0, "\(second.errors)")
            // What was in flight when the disk filled up found its place in the reserve.
            #expect(paid < 24)
            #expect(bench.calls == 24)
        }
    }

    @Test(
        "A disk that fills up while exporting stops the run, and it writes the same bytes when there is room"
    )
    func fullExport() async throws {
        try await SmallDisk.lend(kibibytes: 40, to: "RunTests/fullExport") { disk in
            let answer: @Sendable (TestServer.Request) -> Answer = { request in
                let noise = Digest(of: request.text).description
                let text = String(repeating: noise, count: 60)
                return .chat("```python\\ndef f(x):\\n    return '\(text)'\\n```")
            }
            let reference = try Bench(answer: answer)
            try reference.write(reference.untestedRecipe(), to: "recipe.yaml")
            let undisturbed = try await reference.run("--unsafe-no-sandbox")
            #expect(undisturbed.code == 0, "\(undisturbed.errors)")
            let expected = try reference.rows()
            #expect(expected.values.reduce(0) { $0 + $1.utf8.count } > 60 << 10)

            let bench = try Bench(answer: answer)
            try bench.write(bench.untestedRecipe(), to: "recipe.yaml")
            try FileManager.default.createDirectory(
                atPath: bench.folder + "/output/bench",
                withIntermediateDirectories: true
            )
            try FileManager.default.createSymbolicLink(
                atPath: bench.folder + "/output/bench/export",
                withDestinationPath: disk.path
            )
            let end = try await bench.run("--unsafe-no-sandbox")
            let paid = bench.calls
            let written = try FileManager.default.subpathsOfDirectory(atPath: disk.path)
            try disk.makeRoom()
            let second = try await bench.run("--unsafe-no-sandbox")

            #expect(end.code == 75, "\(end.code) \(end.errors)")
            #expect(end.errors.contains("full"), "\(end.errors)")
            #expect(!written.contains { $0.hasSuffix(".jsonl") || $0.hasSuffix(".tmp") }, "\(written)")
            #expect(second.code == 0, "\(second.errors)")
            #expect(paid == 24 && bench.calls == 24)
            for (name, rows) in expected { #expect(content(of: disk.path + "/" + name) == rows, "\(name)") }
        }
    }

    @Test("A key reaches its endpoint and nothing that the run writes or says")
    func keyStaysPrivate() async throws {
        let key = "sk-bench-0123456789abcdef"
        let bench = try Bench()
        try bench.write(bench.recipe(extra: ", key: { env: BENCH_KEY }"), to: "recipe.yaml")
        let end = try await bench.run(environment: ["BENCH_KEY": key])

        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == 24)
        #expect(!(end.output + end.errors).contains(key))
        for path in try FileManager.default.subpathsOfDirectory(atPath: bench.folder) {
            let bytes = FileManager.default.contents(atPath: bench.folder + "/" + path) ?? Data()
            #expect(bytes.range(of: Data(key.utf8)) == nil, "\(path)")
        }
        let bodies = try packedBodies(of: bench.folder + "/output/bench/ledger.sqlite")
        #expect(bodies.count > 100)
        #expect(!bodies.contains { $0.contains(key) })
    }

    /// Everything that a ledger holds in compressed form, as text.
    private func packedBodies(of path: String) throws -> [String] {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { database in
            let tables = try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_schema WHERE type = 'table'"
            )
            return try tables.flatMap { try Row.fetchAll(database, sql: "SELECT * FROM \($0)") }
                .flatMap(\.databaseValues).compactMap(Data.fromDatabaseValue)
                .filter { $0.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) }
                .map { String(decoding: try BodyDictionary.content(of: Array($0)), as: UTF8.self) }
        }
    }

    @Test("A disk without even the room for what is in flight is refused before anything is bought")
    func tinyDisk() async throws {
        try await SmallDisk.lend(kibibytes: 2048, to: "RunTests/tinyDisk") { disk in
            let bench = try Bench()
            let end = try await bench.run("--output", disk.path, "--unsafe-no-sandbox")

            #expect(end.code == 75, "\(end.errors)")
            #expect(end.errors.contains("error[disk-full]"), "\(end.errors)")
            #expect(bench.calls == 0)
        }
    }

    @Test("A server that states no usage cannot make the run spend its budget twice")
    func unstatedUsage() async throws {
        let bench = try Bench { request in
            .status(200, #"{"choices":[{"message":{"content":"I cannot."},"finish_reason":"stop"}]}"#)
        }
        let worst = try await worstCase(of: bench)
        try bench.write(
            bench.recipe().edited("tokens: 1000000", to: "tokens: \(worst * 7)"),
            to: "recipe.yaml"
        )
        let first = try await bench.run()
        let bought = bench.calls
        let second = try await bench.run()

        #expect(first.code == 75 && second.code == 75, "\(first.errors) \(second.errors)")
        #expect((5...7).contains(bought))
        #expect(bench.calls == bought)
        let report = try JSONValue(
            parsing: String(contentsOfFile: bench.folder + "/output/bench/report.json", encoding: .utf8)
        )
        #expect(report["state"]?.text == "budget")
    }

    @Test("Charged attempts without a reply are remembered by the next run", arguments: [502, 504])
    func chargedFailures(status: Int) async throws {
        let bench = try Bench { _ in .status(status) }
        let worst = try await worstCase(of: bench)
        try bench.write(
            bench.recipe().edited("tokens: 1000000", to: "tokens: \(worst * 5)"),
            to: "recipe.yaml"
        )
        for _ in 0..<2 { _ = try await bench.run() }
        let report = try await bench.report()
        let tokens = try #require(report["spending"]?["unanswered"]?["tokens"]?.whole)

        #expect(tokens > 0 && tokens <= worst * 5)
        #expect(report["spending"]?["unanswered"]?["calls"]?.whole == bench.calls)
    }

    /// What one call of the bench's recipe is booked at when nothing is known of it, at most.
    private func worstCase(of bench: Bench) async throws -> Int {
        let probe = try Bench { _ in .status(502) }
        try probe.write(probe.recipe().edited("tokens: 1000000", to: "calls: 1"), to: "recipe.yaml")
        _ = try await probe.run()
        let report = try await probe.report()
        return try #require(report["spending"]?["unanswered"]?["tokens"]?.whole) + 16
    }

    @Test("A run that asks for more isolation than there is does not start, calls nothing and writes nothing")
    func noSandbox() async throws {
        let bench = try Bench()
        try bench.write(bench.recipe() + "sandbox: { min_isolation: full }\n", to: "recipe.yaml")
        let end = try await Program.start(
            ["run", "recipe.yaml", "--quiet"],
            through: Program.alone,
            folder: bench.folder
        ).end()

        #expect(end.code == 2)
        #expect(end.errors.contains("error[no-sandbox]"), "\(end.errors)")
        #expect(end.errors.contains("the recipe asks for `full`"), "\(end.errors)")
        #expect(bench.server.requests.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/output"))
    }
}
