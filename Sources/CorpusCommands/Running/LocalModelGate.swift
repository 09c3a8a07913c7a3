import CorpusConfig
import CorpusEndpoint
import CorpusKit
import CorpusPipeline
import Foundation
import Synchronization

/// Starts a bundled model's server when a call first needs it, and stops it when the run is over.
///
/// The server lives inside ``keep()``, which runs beside the engine; calls wait at ``address(of:)`` until it answers.
final class LocalModelGate: Sendable {
    private enum State {
        case shut
        /// Somebody needs the server.
        case wanted(String, slots: Int)
        case open(String)
        case failed(WorkFailure)
        case over
    }

    private struct Room {
        var state = State.shut
        var changed: [CheckedContinuation<Void, Never>] = []
    }

    private let room = Mutex(Room())
    private let isQuiet: Bool

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// The address of the model's server, once it answers.
    ///
    /// - Throws: ``WorkFailure`` that stops the run when it cannot be started.
    func address(of model: PlannedModel) async throws -> String {
        while true {
            let state = room.withLock { room -> State in
                if case .shut = room.state {
                    Self.set(.wanted(model.spec.model, slots: model.concurrency), in: &room)
                }
                return room.state
            }
            switch state {
            case .open(let address): return address
            case .failed(let failure): throw failure
            case .over: throw CancellationError()
            case .shut, .wanted: await change()
            }
        }
    }

    /// Waits until the server is needed, runs it until ``close()``, and returns when it is stopped.
    func keep() async {
        while true {
            let state = room.withLock { $0.state }
            switch state {
            case .over, .failed, .open: return
            case .shut: await change()
            case .wanted(let name, let slots):
                do {
                    try await serve(name, slots: slots)
                } catch let failure as WorkFailure {
                    set(
                        .failed(
                            WorkFailure(failure.code, failure.description, hint: failure.hint, stopsRun: true)
                        )
                    )
                } catch {
                    set(
                        .failed(
                            WorkFailure(
                                "local-model",
                                "the bundled model could not be run: \(error)",
                                stopsRun: true
                            )
                        )
                    )
                }
            }
        }
    }

    /// Ends the server's life, or its waiting.
    func close() { set(.over) }

    private func serve(_ name: String, slots: Int) async throws {
        if !isQuiet { Terminal.tell("starting the bundled model \(name)") }
        try await LocalModels.serve(name, slots: slots) { address in
            set(.open(address))
            while case .open = room.withLock({ $0.state }) { await change() }
        }
    }

    private func set(_ state: State) { room.withLock { Self.set(state, in: &$0) } }

    private static func set(_ state: State, in room: inout Room) {
        if case .over = room.state { return }
        room.state = state
        for waiting in room.changed { waiting.resume() }
        room.changed = []
    }

    /// Returns after the next change of state, or at once when it has changed since the caller looked.
    private func change() async {
        let before = room.withLock { Self.rank($0.state) }
        await withCheckedContinuation { continuation in
            let isWaiting = room.withLock { room in
                guard Self.rank(room.state) == before else { return false }
                room.changed.append(continuation)
                return true
            }
            if !isWaiting { continuation.resume() }
        }
    }

    private static func rank(_ state: State) -> Int {
        switch state {
        case .shut: 0
        case .wanted: 1
        case .open: 2
        case .failed: 3
        case .over: 4
        }
    }
}
