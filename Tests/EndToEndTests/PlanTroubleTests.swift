import CorpusModel
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("Plans in trouble", .timeLimit(.minutes(10)))
struct PlanTroubleTests {
    @Test("A run that is at work is not disturbed, and the plan says so")
    func atWork() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        let running = try bench.start()
        await bench.server.received(8)
        let text = try await bench.plan()
        let calls = bench.calls
        gate.open()
        let end = try await running.end()

        #expect(text.code == 0, "\(text.errors)")
        #expect(text.output.contains("note: the last pass is at work, or was killed"))
        #expect(text.output.contains(" of 24 replies; buys "), "\(text.output)")
        #expect(end.code == 0 && bench.calls == 24 && calls < 24)
        #expect(try await bench.plan().output.contains("reuses all 24 replies; buys none"))
    }

    @Test(
        "A ledger that cannot be read is said in a plain sentence, after the worst case",
        arguments: [
            (
                "PRAGMA user_version = 5",
                "error[ledger-older]: the ledger `output/bench/ledger.sqlite` has schema 5"
            ),
            ("PRAGMA user_version = 99", "error[ledger-newer]: "),
            ("PRAGMA application_id = 7", "error[ledger-foreign]: `output/bench/ledger.sqlite` is no ledger"),
        ]
    )
    func unreadable(tampering: String, words: String) async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let path = bench.folder + "/output/bench/ledger.sqlite"
        let queue = try DatabaseQueue(path: path)
        try await queue.write { try $0.execute(sql: tampering) }
        try queue.close()
        let before = try bench.ledgerBytes()
        let text = try await bench.plan()
        let json = try await bench.plan("--json")

        #expect(text.code == 2 && text.errors.hasPrefix(words), "\(text.errors)")
        #expect(text.output.contains("in full: 6 seeds, 24 calls"))
        let told = try json.json
        #expect(json.code == 2 && told["reuse"] == .null && told["estimate"]?["calls"] == 24)
        #expect(try bench.ledgerBytes() == before)
        #expect(Bench.remains(bench.folder + "/output/bench").isEmpty)
    }

    @Test("A reply that was dropped is said to be lacking, as the run would say")
    func droppedBodies() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        _ = try await Program.run(
            "ledger",
            "vacuum",
            "output/bench",
            "--drop-bodies",
            "all",
            "--yes",
            folder: bench.folder
        )
        let same = try await bench.plan()
        try bench.write(bench.recipe().edited("attempts: 4", to: "attempts: 5"), to: "recipe.yaml")
        let text = try await bench.plan()

        #expect(same.code == 0 && same.output.contains("reuses all 24 replies; buys none"), "\(same.errors)")
        #expect(
            text.code == 2 && text.errors.contains("error[body-dropped]: a reply of `scripted` is needed")
        )
        #expect(text.output.contains("in full: 6 seeds, 30 calls"))
    }

    @Test("In a folder where nothing can be written a plan rehearses elsewhere")
    func readOnlyFolder() async throws {
        let bench = try Bench()
        try bench.write(bench.untestedRecipe(), to: "recipe.yaml")
        _ = try await bench.run()
        let names = {
            try FileManager.default.contentsOfDirectory(atPath: bench.folder + "/output/bench").sorted()
        }
        let before = try names()
        let apart = geteuid() == 0 ? ["unshare", "--mount"] : ["unshare", "--map-root-user", "--mount"]
        let script = "mount --bind output output && mount -o remount,ro,bind output && exec \"$0\" \"$@\""
        let end = try await Program.start(
            ["plan", "recipe.yaml"],
            through: apart + ["/bin/sh", "-c", script],
            folder: bench.folder
        ).end()

        #expect(end.code == 0, "\(end.errors)")
        #expect(end.output.contains("reuses all 24 replies; buys none"), "\(end.output)")
        #expect(try names() == before)
    }

    @Test("Where no disk has room for the copy that is said, the worst case is shown, and nothing is left")
    func fullDisk() async throws {
        try await SmallDisk.lend(kibibytes: 5 << 10, to: "PlanTroubleTests/fullDisk") { disk in
            let bench = try Bench()
            try bench.write(bench.untestedRecipe(), to: "recipe.yaml")
            let run = try await bench.run("--output", disk.path + "/run", "--unsafe-no-sandbox")
            #expect(run.code == 0, "\(run.errors)")
            _ = try await Child.code(of: "/bin/sh", "-c", "cat /dev/zero >\(disk.path)/filler 2>/dev/null")
            let full = try await Program.start(
                ["plan", "recipe.yaml", "--output", disk.path + "/run"],
                folder: bench.folder,
                environment: ["TMPDIR": disk.path]
            ).end()
            let elsewhere = try await bench.plan("--output", disk.path + "/run")

            #expect(full.code == 75, "\(full.errors)")
            #expect(
                full.errors.hasPrefix("error[disk-full]: the disk is full: a copy of the ledger"),
                "\(full.errors)"
            )
            #expect(
                full.errors.contains("hint: make room, or name another place for temporary files with TMPDIR")
            )
            #expect(full.output.contains("in full: 6 seeds, 24 calls"))
            #expect(
                elsewhere.code == 0 && elsewhere.output.contains("reuses all 24 replies"),
                "\(elsewhere.errors)"
            )
            #expect(Bench.remains(disk.path).isEmpty && Bench.remains(disk.path + "/run").isEmpty)
        }
    }

    /// Starts a plan that waits in the middle of its rehearsal: its seeds are a pipe that brings no end.
    private func waitingPlan(_ bench: Bench) async throws -> (plan: Program.Running, pipe: Child) {
        try FileManager.default.moveItem(
            atPath: bench.folder + "/seeds.jsonl",
            toPath: bench.folder + "/rows.jsonl"
        )
        #expect(try await Child.code(of: "mkfifo", bench.folder + "/seeds.jsonl") == 0)
        // Whoever plans reads the beginning twice.
        let script = """
            while exec 3>seeds.jsonl; do
                if ls -d output/bench/.corpusmith* >/dev/null 2>&1; then cat rows.jsonl >&3; touch waits; exec sleep 600; fi
                cat rows.jsonl >&3 2>/dev/null
                exec 3>&-
            done
            """
        let pipe = try Child(["/bin/sh", "-c", script], folder: bench.folder)
        let plan = try Program.start(["plan", "recipe.yaml"], folder: bench.folder)
        await until { FileManager.default.fileExists(atPath: bench.folder + "/waits") }
        return (plan, pipe)
    }

    private func end(_ pipe: Child, _ bench: Bench) async throws {
        pipe.signal(SIGKILL)
        _ = await pipe.end()
        try FileManager.default.removeItem(atPath: bench.folder + "/seeds.jsonl")
        try FileManager.default.moveItem(
            atPath: bench.folder + "/rows.jsonl",
            toPath: bench.folder + "/seeds.jsonl"
        )
    }

    @Test("A plan that is killed leaves the ledger as it was, and its copy to the next one, which removes it")
    func killed() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let folder = bench.folder + "/output/bench"
        let before = try bench.ledgerBytes()
        let (running, pipe) = try await waitingPlan(bench)
        running.signal(SIGKILL)
        let killed = try await running.end()
        try await end(pipe, bench)
        let left = Bench.remains(folder)
        let untouched = try bench.ledgerBytes() == before
        let next = try await bench.plan()

        #expect(killed.code == -SIGKILL && left.count == 1 && untouched)
        #expect(next.code == 0 && next.output.contains("reuses all 24 replies; buys none"), "\(next.errors)")
        #expect(Bench.remains(folder).isEmpty)

        // A run removes it as well.
        try FileManager.default.createDirectory(
            atPath: folder + "/" + left[0],
            withIntermediateDirectories: true
        )
        _ = try await bench.run()
        #expect(Bench.remains(folder).isEmpty && bench.calls == 24)
    }

    @Test("Ctrl-C ends a plan at once and leaves nothing behind", arguments: [SIGINT, SIGTERM])
    func interrupted(signal: Int32) async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let folder = bench.folder + "/output/bench"
        let (running, pipe) = try await waitingPlan(bench)
        let during = Bench.remains(folder).count
        running.signal(signal)
        let end = try await running.end()
        try await self.end(pipe, bench)

        #expect(end.code == 130, "\(end.code) \(end.errors)")
        #expect(end.errors.contains("interrupted: everything is as it was") && end.output.isEmpty)
        #expect(during == 1 && Bench.remains(folder).isEmpty)
    }
}
