import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("Control of a run while it works", .timeLimit(.minutes(10)))
struct CtlTests {
    @Test("A paused run calls nobody until it goes on, and then comes to the same bytes")
    func pause() async throws {
        let expected = try await Bench.undisturbed()
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try bench.start()
        await bench.isHeld()
        let paused = try await bench.ctl("pause")
        let again = try await bench.ctl("pause", "--json")
        let held = try await bench.status()
        gate.open()
        let quiet = try await bench.isQuiet()
        let calls = bench.calls
        let later = try await bench.status()
        let resumed = try await bench.ctl("resume")
        let end = try await running.end()

        #expect(
            paused.output == "paused: nothing new starts until `ctl resume`; 4 calls in flight end first\n",
            "\(paused.errors)"
        )
        #expect(try again.json["changed"] == false && again.code == 0)
        #expect(held["state"]?.text == "paused" && held["calls"]?["in_flight"]?.whole == 4)
        #expect(held["process"]?.whole == Int(running.identifier))
        // What was in flight came in and is kept; nothing else was sent.
        #expect(calls == 10 && bench.calls >= 10)
        #expect(quiet["budget"]?["calls"]?["spent"]?.whole == 10)
        #expect(later["budget"]?["calls"]?["spent"]?.whole == 10 && later["state"]?.text == "paused")
        #expect(resumed.code == 0 && end.code == 0, "\(end.errors)")
        #expect(bench.calls == 24)
        #expect(try bench.rows() == expected)
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/output/bench/control.sock"))
    }

    @Test("A run that is killed while it is paused goes on with the same command, and its socket is replaced")
    func killed() async throws {
        let expected = try await Bench.undisturbed()
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try bench.start()
        await bench.isHeld()
        _ = try await bench.ctl("pause")
        gate.open()
        _ = try await bench.isQuiet()
        running.signal(SIGKILL)
        let killed = try await running.end()
        let status = try await bench.status()
        let asked = try await bench.ctl("resume")
        let end = try await bench.run()

        #expect(killed.code == -SIGKILL)
        #expect(status["state"]?.text == "killed" && status["process"] == .null)
        #expect(
            asked.code == 2
                && asked.errors.contains("error[no-process]: no process works on the run in `output/bench`"),
            "\(asked.errors)"
        )
        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == 24)
        #expect(try bench.rows() == expected)
    }

    @Test("Ctrl-C and a terminate end a paused run as they end any other", arguments: [SIGINT, SIGTERM])
    func interrupted(signal: Int32) async throws {
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try bench.start()
        await bench.isHeld()
        _ = try await bench.ctl("pause")
        running.signal(signal)
        await running.said("finishing what is in work")
        gate.open()
        let stopped = try await running.end()
        let end = try await bench.run()

        #expect(stopped.code == 130, "\(stopped.errors)")
        #expect(end.code == 0 && bench.calls == 24, "\(end.errors)")
    }

    @Test("A drain ends what is in flight, with 75, also while the run is paused", arguments: [false, true])
    func drain(isPaused: Bool) async throws {
        let expected = try await Bench.undisturbed()
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try bench.start()
        await bench.isHeld()
        if isPaused { _ = try await bench.ctl("pause") }
        let drained = try await bench.ctl("drain")
        let again = try await bench.ctl("drain", "--json")
        let late = try await bench.ctl("pause")
        let status = try await bench.status()
        gate.open()
        let stopped = try await running.end()
        let report = try await bench.report()
        let end = try await bench.run()

        #expect(drained.code == 0 && drained.output.hasPrefix("finishing what is in work"))
        #expect(try again.json["changed"] == false && again.code == 0)
        #expect(late.code == 2 && late.errors.contains("error[run-ending]"), "\(late.errors)")
        #expect(status["state"]?.text == "draining")
        #expect(stopped.code == 75, "\(stopped.errors)")
        #expect(
            stopped.errors.contains(
                "drained: everything paid for is on the ledger; run the same command again to continue"
            )
        )
        #expect(report["state"]?.text == "drained")
        #expect(end.code == 0 && bench.calls == 24, "\(end.errors)")
        #expect(try bench.rows() == expected)
    }

    @Test("A width that is raised or lowered is seen in what the model has in flight")
    func width() async throws {
        let expected = try await Bench.undisturbed()
        let (first, second) = (Latch(), Latch())
        let bench = try Bench { request in
            if request.index > 1 { (request.index <= 5 ? first : second).pass() }
            return Bench.model(request)
        }
        let text = bench.recipe().edited(
            "options: { attempts: 4 } }",
            to: "options: { attempts: 4 }, width: 1 }"
        )
        try bench.write(text, to: "recipe.yaml")
        let running = try bench.start()
        await bench.server.received(3)
        let single = try await bench.status()
        let raised = try await bench.ctl("set-width", "solved", "4", "--json").json
        await bench.server.received(6)
        let lowered = try await bench.ctl("set-width", "solved", "1")
        first.open()
        let narrow = try await bench.status { $0.stage("solved")?["in_work"]?.whole == 1 }
        await bench.server.received(7)
        second.open()
        let end = try await running.end()

        #expect(
            single.stage("solved")?["in_work"]?.whole == 1 && single.stage("solved")?["width"]?.whole == 1
        )
        #expect(raised["changed"] == true && raised["recipe"] == "write `width: 4` into the stage `solved`")
        #expect(
            lowered.output.hasPrefix(
                "`solved` works on up to 1 unit at once for the rest of this pass, 4 before"
            )
        )
        #expect(
            narrow["calls"]?["in_flight"]?.whole ?? 9 <= 1 && narrow.stage("solved")?["width"]?.whole == 1
        )
        #expect(bench.server.mostInFlight == 4)
        #expect(end.code == 0 && bench.calls == 24, "\(end.errors)")
        #expect(try bench.rows() == expected)
    }

    @Test("A lower cap ends the run at what is in flight; the recipe's own holds again in the next pass")
    func lowerBudget() async throws {
        let expected = try await Bench.undisturbed()
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try bench.start()
        await bench.isHeld()
        let lowered = try await bench.ctl("set-budget", "--calls", "8")
        let status = try await bench.status()
        gate.open()
        let stopped = try await running.end()
        let calls = bench.calls
        let end = try await bench.run()

        #expect(
            lowered.output
                == "for the rest of this pass: up to 8 calls, 6 spent and up to 4 in flight\n"
                + "to keep it for later passes, write `calls: 8` into `budget:`\n"
        )
        #expect(status["budget"]?["calls"] == ["spent": 6, "cap": 8])
        #expect(stopped.code == 75 && calls == 10)
        // Who waits is refused as soon as the cap is reached, perhaps before all that was in flight has come in.
        #expect(
            stopped.errors.contains(
                /error\[budget\]: the budget of 8 calls has (8|9|10) made and the next one does not fit\n/
            )
        )
        #expect(
            stopped.errors.contains(
                "hint: what `ctl set-budget` said held for this pass alone: look at `budget:` in the recipe and run "
                    + "the same command again to continue"
            ),
            "\(stopped.errors)"
        )
        #expect(end.code == 0 && bench.calls == 24, "\(end.errors)")
        #expect(try bench.rows() == expected)
    }

    @Test("A higher cap, or none, lets a run go on beyond what its recipe says", arguments: ["24", "none"])
    func higherBudget(calls: String) async throws {
        let gate = Latch()
        let bench = try Bench.holding(gate)
        try bench.write(
            bench.recipe().edited("tokens: 1000000", to: "tokens: 1000000, calls: 10"),
            to: "recipe.yaml"
        )
        let running = try bench.start()
        await bench.isHeld()
        let raised = try await bench.ctl("set-budget", "--calls", calls, "--json")
        gate.open()
        let end = try await running.end()

        #expect(raised.code == 0, "\(raised.errors)")
        #expect(end.code == 0 && bench.calls == 24, "\(end.errors)")
    }

    @Test("A skipped stage leaves its work to the next pass, which comes to the same bytes")
    func skipped() async throws {
        let expected = try await Bench.undisturbed()
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try Program.start(["run", "recipe.yaml"], folder: bench.folder)
        await bench.isHeld()
        let skipped = try await bench.ctl("skip-stage", "rated")
        let again = try await bench.ctl("skip-stage", "rated", "--json")
        gate.open()
        let stopped = try await running.end()
        let status = try await bench.status()
        let calls = bench.calls
        let end = try await bench.run()

        #expect(skipped.code == 0 && skipped.output.hasPrefix("`rated` starts no further unit in this pass"))
        #expect(try again.json["changed"] == false)
        #expect(stopped.code == 75 && calls == 24, "\(stopped.errors)")
        #expect(stopped.errors.contains("control: `rated` starts no further unit"))
        #expect(stopped.errors.contains("error[skipped]: everything is done but what was skipped: "))
        #expect(status["state"]?.text == "skipped" && status["exported"]?.whole == 0)
        #expect(end.code == 0 && bench.calls == 24, "\(end.errors)")
        #expect(try bench.rows() == expected)
    }

    @Test("A stage that is no longer skipped goes on in the same pass")
    func undone() async throws {
        let expected = try await Bench.undisturbed()
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try bench.start()
        await bench.isHeld()
        _ = try await bench.ctl("skip-stage", "tested")
        let skipped = try await bench.status()
        let undone = try await bench.ctl("skip-stage", "tested", "--undo")
        gate.open()
        let end = try await running.end()

        #expect(skipped.stage("tested")?["skipped"] == true)
        #expect(undone.output == "`tested` goes on\n")
        #expect(end.code == 0 && bench.calls == 24, "\(end.errors)")
        #expect(try bench.rows() == expected)
    }

    @Test("What cannot be done is refused with a sentence, and the run does not notice")
    func refusals() async throws {
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try bench.start()
        await bench.isHeld()
        // So it waits as long as it takes to ask.
        _ = try await bench.ctl("pause")
        gate.open()
        let refused = [
            (try await bench.ctl("set-width", "sovled", "4"), 2, "unknown-stage", "did you mean `solved`?"),
            (try await bench.ctl("set-width", "tasks", "4"), 2, "unknown-stage", "its stages: `solved`"),
            (try await bench.ctl("skip-stage", "sft"), 2, "unknown-stage", "`sft` is no stage"),
            (try await bench.ctl("set-budget", "--usd", "5"), 2, "missing-price", "`student` has no price"),
            (try await bench.ctl("set-budget", "--tokens", "none"), 2, "no-budget", "could cost anything"),
            (try await bench.ctl("set-budget", "--wall", "5"), 64, "", "`90s`, `20m`, `6h` or `2d`"),
            (try await bench.ctl("set-budget"), 64, "", "at least one of --calls"),
            (try await bench.ctl("set-width", "solved", "0"), 64, "", "from 1 to 4096"),
            (try await bench.ctl("pause", run: "output/none"), 2, "ledger-missing", "no ledger"),
            (try await bench.ctl("status", run: "output/none"), 2, "ledger-missing", "no ledger"),
        ]
        _ = try await bench.ctl("resume")
        let end = try await running.end()

        for (refusal, exit, code, text) in refused {
            #expect(refusal.code == exit && refusal.output.isEmpty, "\(refusal.errors)")
            #expect(refusal.errors.contains(text), "\(refusal.errors)")
            #expect(code.isEmpty || refusal.errors.hasPrefix("error[\(code)]: "), "\(refusal.errors)")
        }
        #expect(end.code == 0 && end.errors.isEmpty && bench.calls == 24, "\(end.errors)")
    }

    @Test("The status has one shape, with a process and without")
    func status() async throws {
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let running = try bench.start()
        await bench.isHeld()
        let live = try await bench.status()
        _ = try await bench.ctl("pause")
        gate.open()
        let text = try await bench.ctl("status")
        _ = try await bench.ctl("resume")
        _ = try await running.end()
        let over = try await bench.status()
        let (report, rows) = (try await bench.report(), try bench.rows())

        func keys(_ value: JSONValue?) -> [String] { value?.members?.keys.sorted() ?? [] }
        #expect(keys(live) == keys(over) && keys(live["budget"]) == keys(over["budget"]))
        #expect(keys(live.stage("solved")) == keys(over.stage("solved")))
        #expect(live["stages"]?.elements?.map { $0["name"] } == over["stages"]?.elements?.map { $0["name"] })
        #expect(live["state"]?.text == "running" && live["pass"]?.whole == 1 && live["seeds"]?.whole == 6)
        #expect(live.stage("solved")?["done"]?.whole == 6 && live.stage("solved")?["waiting"]?.whole ?? 0 > 0)
        #expect(live["budget"]?["calls"] == ["spent": 6, "cap": nil])
        #expect(live["budget"]?["tokens"]?["cap"]?.whole == 1_000_000)
        #expect(
            text.output.contains(/^bench: paused for [0-9]+:[0-9][0-9], pass 1, process/),
            "\(text.output)"
        )
        #expect(over["state"]?.text == "done" && over["process"] == .null)
        #expect(over.stage("solved")?["done"]?.whole == 24 && over.stage("solved")?["waiting"] == .null)
        #expect(over["budget"]?["calls"] == ["spent": 24, "cap": nil])
        #expect(over["exported"] == report["counts"]?["exported"] && !rows.isEmpty)
    }

    @Test("A run in a folder whose path is longer than a socket's may be is controlled all the same")
    func longFolder() async throws {
        let gate = Latch()
        let bench = try Bench.holding(gate)
        let path = "output/" + Array(repeating: "deep-and-deeper", count: 12).joined(separator: "/")
        let running = try bench.start(["--output", path])
        await bench.isHeld()
        let paused = try await bench.ctl("pause", run: path)
        let status = try await bench.status(run: bench.folder + "/" + path)
        let resumed = try await bench.ctl("resume", run: path)
        gate.open()
        let end = try await running.end()

        #expect(paused.code == 0 && resumed.code == 0, "\(paused.errors)")
        #expect(status["state"]?.text == "paused")
        #expect(end.code == 0 && end.errors.isEmpty, "\(end.errors)")
    }

    @Test("A folder that takes no socket is one warning, and the run goes on without")
    func noSocket() async throws {
        let gate = Latch()
        let bench = try Bench.holding(gate)
        try bench.write("mine", to: "output/bench/control.sock/file")
        let running = try bench.start()
        await bench.isHeld()
        let paused = try await bench.ctl("pause")
        let status = try await bench.ctl("status", "--json")
        gate.open()
        let end = try await running.end()

        #expect(
            paused.code == 2
                && paused.errors.hasPrefix(
                    "error[no-control]: process \(running.identifier) works in `output/bench` and cannot be controlled"
                ),
            "\(paused.errors)"
        )
        #expect(try status.json["process"]?.whole == Int(running.identifier), "\(status.errors)")
        #expect(try status.json["state"]?.text == "running")
        #expect(status.errors.hasPrefix("note: this is what the ledger says: "))
        #expect(end.code == 0, "\(end.errors)")
        #expect(
            end.errors
                == "warning[no-control]: `corpusmith ctl` cannot reach this run: `control.sock` in it is something else\n"
        )
    }

    @Test("A clock that is set forward ends no run, and one that is set back lets none run on")
    func clock() async throws {
        let gate = Latch()
        let bench = try Bench.holding(gate)
        try bench.write(
            bench.recipe().edited("tokens: 1000000", to: "tokens: 1000000, wall: 1h"),
            to: "recipe.yaml"
        )
        let library = bench.folder + "/clock.so"
        let source = Repository.path + "/Tests/Fixtures/clock/clock.c"
        try #require(
            try await Child.code(of: "clang", "-shared", "-fPIC", "-o", library, source, "-ldl") == 0
        )
        try bench.write("0", to: "shift")
        let running = try bench.start(environment: [
            "LD_PRELOAD": library, "CLOCK_FILE": bench.folder + "/shift",
        ])
        await bench.isHeld()
        let before = try await bench.status()
        try bench.write("7200", to: "shift")
        // A request wakes the run.
        _ = try await bench.ctl("set-width", "solved", "3")
        let forward = try await bench.ctl("pause", "--json")
        let later = try await bench.status()
        try bench.write("-7200", to: "shift")
        _ = try await bench.ctl("set-budget", "--wall", "1s")
        let draining = try await bench.status { $0["state"]?.text == "draining" }
        gate.open()
        let end = try await running.end()

        #expect(before["state"]?.text == "running" && forward.code == 0, "\(forward.errors)")
        #expect(later["state"]?.text == "paused" && later["budget"]?["wall"]?["cap"]?.whole == 3600)
        // The clock did go wrong: it is what tells people since when something is so.
        let (first, second) = (try #require(before["since"]?.real), try #require(later["since"]?.real))
        #expect(second - first > 7000)
        #expect(draining["reason"]?.text == "the time budget of 1 s is used up")
        #expect(end.code == 75, "\(end.errors)")
    }
}
