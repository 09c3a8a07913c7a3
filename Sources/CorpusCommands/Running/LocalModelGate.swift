import CorpusConfig
import CorpusKit
import CorpusPipeline

/// Starts a bundled model's server when a call first needs it, and stops it when the run is over.
///
/// The server lives inside ``keep()``, which runs beside the engine; calls wait at ``address(of:)`` until it answers.
final class LocalModelGate: Sendable {
    /// Serves a model while a body runs: ``LocalModels/serve(_:slots:port:body:)``, or a stand-in.
    typealias Serve =
        @Sendable (_ name: String, _ slots: Int, _ body: (String) async -> Void) async throws -> Void

    /// Goes forward only: a later case never becomes an earlier one.
    private enum State {
        case shut
        /// Somebody needs the server.
        case wanted(String, slots: Int)
        case open(String)
        case failed(WorkFailure)
        case over

        var isShut: Bool { if case .shut = self { true } else { false } }
        var isOpen: Bool { if case .open = self { true } else { false } }
        var isOver: Bool { if case .over = self { true } else { false } }
        var isWanted: Bool { if case .wanted = self { true } else { false } }
    }

    private let state = AwaitedValue(State.shut)
    private let serve: Serve

    init(_ serve: @escaping Serve) { self.serve = serve }

    /// A gate to the models of the catalogue.
    convenience init(isQuiet: Bool) {
        self.init { name, slots, body in
            if !isQuiet { Terminal.tell("starting the bundled model \(name)") }
            try await LocalModels.serve(name, slots: slots, body: body)
        }
    }

    /// The address of the model's server, once it answers.
    ///
    /// - Throws: ``WorkFailure`` that stops the run when it cannot be started.
    func address(of model: PlannedModel) async throws -> String {
        try await address(of: model.spec.model, slots: model.concurrency)
    }

    /// The address of a model's server, by the model's name.
    func address(of name: String, slots: Int) async throws -> String {
        state.change { if $0.isShut { $0 = .wanted(name, slots: slots) } }
        switch await state.value(where: { !$0.isShut && !$0.isWanted }) {
        case .open(let address): return address
        case .failed(let failure): throw failure
        case .shut, .wanted, .over: throw CancellationError()
        }
    }

    /// Waits until the server is needed, runs it until ``close()``, and returns when it is stopped.
    func keep() async {
        guard case .wanted(let name, let slots) = await state.value(where: { !$0.isShut }) else { return }
        do {
            try await serve(name, slots) { address in
                set(.open(address))
                _ = await state.value { !$0.isOpen }
            }
        } catch let failure as WorkFailure {
            set(
                .failed(WorkFailure(failure.code, failure.description, hint: failure.hint, stopsRun: true))
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

    /// Sends those away who still wait for the server; one that answers goes on.
    func drain() { state.change { if $0.isShut || $0.isWanted { $0 = .over } } }

    /// Ends the server's life, or its waiting.
    func close() { set(.over) }

    private func set(_ new: State) { state.change { if !$0.isOver { $0 = new } } }
}
