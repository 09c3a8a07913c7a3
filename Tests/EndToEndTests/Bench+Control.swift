import CorpusModel
import Foundation
import TestSupport

extension Bench {
    /// A bench whose model answers six calls and holds all others back until the gate is opened; four are in flight then.
    static func holding(_ gate: Latch) throws -> Bench {
        try Bench { request in
            // The list of models is asked for first.
            if request.index > 6 { gate.pass() }
            return Bench.model(request)
        }
    }

    /// Waits until the model holds back as many calls as there are places.
    func isHeld() async { await server.received(11) }

    /// Runs `corpusmith ctl COMMAND output/bench …` in the folder.
    func ctl(_ command: String, _ arguments: String..., run: String = "output/bench") async throws
        -> Program.End
    {
        try await Program.start(["ctl", command, run] + arguments, folder: folder).end()
    }

    /// How the run stands.
    func status(run: String = "output/bench") async throws -> JSONValue {
        try await ctl("status", "--json", run: run).json
    }

    /// Asks how the run stands until it is as wanted.
    func status(where isWanted: (JSONValue) -> Bool) async throws -> JSONValue {
        while true {
            let status = try await status()
            if isWanted(status) { return status }
            try Task.checkCancellation()
        }
    }

    /// Asks until nothing is in flight.
    func isQuiet() async throws -> JSONValue {
        try await status {
            $0["calls"]?["in_flight"]?.whole == 0 && $0.stage("tested")?["in_work"]?.whole == 0
        }
    }

    /// The rows of an undisturbed run.
    static func undisturbed() async throws -> [String: String] {
        let bench = try Bench()
        _ = try await bench.run()
        return try bench.rows()
    }
}

extension JSONValue {
    /// A stage of a status.
    func stage(_ name: String) -> JSONValue? { self["stages"]?.elements?.first { $0["name"]?.text == name } }
}
