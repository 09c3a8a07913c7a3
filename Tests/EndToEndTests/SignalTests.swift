import Foundation
import TestSupport
import Testing

@Suite("Signals and closed streams", .timeLimit(.minutes(5)))
struct SignalTests {
    @Test("A hang-up that is ignored when the run begins stays ignored")
    func nohup() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        let running = try Program.start(
            ["run", "recipe.yaml", "--quiet"],
            through: ["/bin/sh", "-c", #"trap "" HUP; exec "$0" "$@""#],
            folder: bench.folder
        )
        await bench.server.received(8)
        running.signal(SIGHUP)
        gate.open()
        let end = try await running.end()

        #expect(end.code == 0, "\(end.errors)")
        #expect(!end.errors.contains("finishing what is in work"))
        #expect(bench.calls == 24)
    }

    @Test("A hang-up that is not ignored ends the run as Ctrl-C does")
    func hangup() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        let running = try bench.start()
        await bench.server.received(8)
        running.signal(SIGHUP)
        await running.said("finishing what is in work")
        gate.open()
        let end = try await running.end()

        #expect(end.code == 130, "\(end.errors)")
    }

    @Test("A second Ctrl-C ends the run at once, with a line about what is left")
    func twice() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
        let running = try bench.start()
        await bench.server.received(8)
        running.signal(SIGINT)
        await running.said("finishing what is in work")
        running.signal(SIGINT)
        let stopped = try await running.end()
        gate.open()
        let end = try await bench.run()

        #expect(stopped.code == 130)
        #expect(
            stopped.errors.contains("stopped at once: ")
                && stopped.errors.hasSuffix(
                    "on the ledger: run the same command again to continue\n"
                ),
            "\(stopped.errors)"
        )
        #expect(end.code == 0, "\(end.errors)")
    }

    @Test("Ctrl-C does not wait for an endpoint that has asked for patience")
    func interruptedWaits() async throws {
        let bench = try Bench { _ in .status(429, headers: ["Retry-After: 290"]) }
        let running = try bench.start()
        // The list of models, and three calls.
        await bench.server.received(4)
        running.signal(SIGINT)
        let end = try await running.end()

        #expect(end.code == 130, "\(end.errors)")
        // As many units are in work as may wait for another try.
        #expect((3...8).contains(bench.calls))
    }

    @Test("A run whose reader has left goes on to its end", arguments: [["--json"], []])
    func closedPipe(options: [String]) async throws {
        let bench = try Bench()
        let code = try await Child(
            [Program.path, "run", "recipe.yaml"] + options,
            folder: bench.folder,
            output: .closed,
            errors: .closed
        ).end()

        #expect(code == 0)
        #expect(bench.calls == 24)
        #expect(Bench.addsUp(try await bench.report()))
    }

    @Test("No file of a run that is started without streams takes a stream's number")
    func noStreams() async throws {
        let gate = Latch()
        let bench = try Bench { request in
            gate.pass()
            return Bench.model(request)
        }
        let child = try Child(
            ["/bin/sh", "-c", #"exec "$0" run recipe.yaml <&- >&- 2>&-"#, Program.path],
            folder: bench.folder
        )
        await bench.server.received(2)
        let streams = try (0...2).map { number in
            try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(child.identifier)/fd/\(number)"
            )
        }
        gate.open()
        let code = await child.end()

        #expect(streams == ["/dev/null", "/dev/null", "/dev/null"])
        #expect(code == 0)
    }
}
