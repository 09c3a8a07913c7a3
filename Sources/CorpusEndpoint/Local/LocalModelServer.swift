package import Foundation
import Glibc
import Synchronization

/// The server of a local model, lent for the time of a closure.
///
/// One thread of its own starts the server, reads what it says, asks it whether it is ready, and reaps it. The server
/// ends with that thread, with its standard input, and so with this process, however this process ends.
package final class LocalModelServer: Sendable {
    /// How to serve a model.
    package struct Settings: Sendable, Hashable {
        /// Requests that are worked on side by side; more of them queue.
        package var slots: Int
        /// Tokens of prompt and reply together, for each slot.
        package var contextPerSlot: Int
        /// Loopback port; 0 for a free one.
        package var port: Int
        /// The Python interpreter, a name on `PATH` or a path.
        package var python: String
        /// How long loading may take.
        package var startLimit: Duration
        /// How long the server may take to end before it is killed.
        package var stopLimit: Duration

        /// Creates settings.
        ///
        /// - Precondition: `slots` and `contextPerSlot` are at least 1, `port` is a port or 0.
        package init(
            slots: Int = 4,
            contextPerSlot: Int = 2048,
            port: Int = 0,
            python: String = "python3",
            startLimit: Duration = .seconds(60),
            stopLimit: Duration = .seconds(3)
        ) {
            precondition(
                slots > 0 && contextPerSlot > 0,
                "\(slots) slots of \(contextPerSlot) tokens serve nobody"
            )
            precondition((0...65535).contains(port), "\(port) is no port")
            self.slots = slots
            self.contextPerSlot = contextPerSlot
            self.port = port
            self.python = python
            self.startLimit = startLimit
            self.stopLimit = stopLimit
        }

        /// One fewer than there are cores, at least 1: the engine's threads wait for each other at every token, and
        /// the sandbox needs a core as well.
        package static var threads: Int { max(1, ProcessInfo.processInfo.activeProcessorCount - 1) }
    }

    /// Serves a model while a closure runs.
    ///
    /// The server has ended when this returns or throws, also when the task is cancelled.
    ///
    /// - Parameters:
    ///   - model: What to serve.
    ///   - folder: The models folder that holds it, see ``LocalModel/folder()``.
    ///   - settings: How to serve it.
    ///   - body: Takes the server's root, `http://127.0.0.1:PORT`; the OpenAI interface lies below `/v1`.
    /// - Returns: What `body` returns.
    /// - Throws: ``LocalModelProblem`` when the weights are not the expected ones, when the server does not get ready,
    ///   or in place of an error of `body` when the server died under it; `CancellationError`; what `body` throws.
    package static func withServer<Result>(
        _ model: LocalModel,
        in folder: String,
        settings: Settings = Settings(),
        body: (URL) async throws -> Result
    ) async throws -> Result {
        let server = LocalModelServer(model: model, folder: folder, settings: settings)
        let address = try await server.start()
        do {
            let result = try await body(address)
            _ = await server.stop()
            return result
        } catch {
            if let problem = await server.stop() { throw problem }
            throw error
        }
    }

    private struct State {
        var starting: CheckedContinuation<URL, any Error>?
        var stopping: CheckedContinuation<Void, Never>?
        var stopAsked = false
        var ended = false
        var death: LocalModelProblem?
    }

    private let model: LocalModel
    private let folder: String
    private let settings: Settings
    private let state = Mutex(State())
    /// A socket pair: a byte at `ring` wakes the thread that listens at `bell`.
    private let ring: Int32
    private let bell: Int32

    private init(model: LocalModel, folder: String, settings: Settings) {
        self.model = model
        self.folder = folder
        self.settings = settings
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let made = unsafe socketpair(AF_UNIX, kind, 0, &pair)
        (ring, bell) = made == 0 ? (pair[0], pair[1]) : (-1, -1)
    }

    deinit {
        if ring >= 0 { close(ring) }
        if bell >= 0 { close(bell) }
    }

    private func start() async throws -> URL {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.starting = continuation }
                Thread { self.attend() }.start()
            }
        } onCancel: {
            askToStop()
        }
    }

    /// Ends the server and waits until it has.
    ///
    /// - Returns: How the server died, if it did so before it was asked to stop.
    private func stop() async -> LocalModelProblem? {
        await withCheckedContinuation { continuation in
            let ended = state.withLock { state in
                if !state.ended { state.stopping = continuation }
                return state.ended
            }
            if ended { continuation.resume() } else { askToStop() }
        }
        return state.withLock { $0.death }
    }

    private func askToStop() {
        state.withLock { $0.stopAsked = true }
        unsafe write(ring, [1], 1)
    }
}

extension LocalModelServer {
    /// The life of the server, on a thread of its own.
    private func attend() {
        let outcome: Outcome
        do {
            try WeightsCheck.verify(folder + "/" + model.weights, sha256: model.sha256, model: model.name)
            outcome = try watch()
        } catch {
            outcome = .failed(error)
        }
        let (starting, stopping) = state.withLock { state in
            state.ended = true
            if case .failed(let problem) = outcome, state.starting == nil { state.death = problem }
            defer { (state.starting, state.stopping) = (nil, nil) }
            return (state.starting, state.stopping)
        }
        switch outcome {
        case .stopped: starting?.resume(throwing: CancellationError())
        case .failed(let problem): starting?.resume(throwing: problem)
        }
        stopping?.resume()
    }

    private enum Outcome {
        case stopped
        case failed(LocalModelProblem)
    }

    private func watch() throws(LocalModelProblem) -> Outcome {
        guard !state.withLock({ $0.stopAsked }) else { return .stopped }
        var child = try startChild()
        let clock = ContinuousClock()
        var watch = ServerWatch(
            began: clock.now,
            startLimit: settings.startLimit,
            stopLimit: settings.stopLimit
        )
        while true {
            child.listen(milliseconds: watch.pollMilliseconds, wake: bell) { watch.receive($1, from: $0) }
            if let ending = child.reap() {
                // What it said last may still lie in the streams.
                for _ in 0..<16 { child.listen(milliseconds: 0, wake: bell) { watch.receive($1, from: $0) } }
                return outcome(of: watch, ending)
            }
            let asked = state.withLock { $0.stopAsked }
            switch watch.next(at: clock.now, stopAsked: asked) {
            case .wait: break
            case .probe(let address, let port):
                guard LoopbackProbe.status(port: port, path: "/health") == 200 else { break }
                watch.becameReady()
                let starting = state.withLock { state in
                    defer { state.starting = nil }
                    return state.starting
                }
                starting?.resume(returning: address)
            case .terminate:
                child.closeInput()
                child.signal(SIGTERM)
            case .kill: child.signal(SIGKILL)
            }
        }
    }

    private func startChild() throws(LocalModelProblem) -> ChildProcess {
        do {
            return try ChildProcess.start(arguments, environment: environment)
        } catch {
            throw LocalModelProblem(
                .notStarted,
                "cannot start `\(settings.python)`: \(error)",
                hint: "Python 3.10 or newer must be on PATH"
            )
        }
    }

    private func outcome(of watch: ServerWatch, _ ending: ProcessEnding) -> Outcome {
        switch watch.phase {
        case .stopping(late: false): return .stopped
        case .stopping(late: true):
            let seconds = settings.startLimit.components.seconds
            return .failed(
                LocalModelProblem(
                    .notStarted,
                    "the server of `\(model.name)` was not ready after \(seconds) s\(watch.lastWords)",
                    hint:
                        "a machine under heavy load needs longer; otherwise get the model again with `make model`"
                )
            )
        case .starting:
            return .failed(
                LocalModelProblem(
                    .notStarted,
                    "the server of `\(model.name)` ended at its start with \(ending)\(watch.lastWords)",
                    hint: settings.port == 0
                        ? "remove `\(folder)` and get the model again with `make model`"
                        : "port \(settings.port) may be taken or not be yours to use: try another, or none for a free one"
                )
            )
        case .ready:
            return .failed(
                LocalModelProblem(
                    .died,
                    "the server of `\(model.name)` ended with \(ending)\(watch.lastWords)",
                    hint:
                        "the same command goes on where it stopped; signal 9 often means that memory ran out"
                )
            )
        }
    }

    private var arguments: [String] {
        [
            settings.python, "-s", "-c", LauncherScript.source, folder + "/" + model.weights,
            String(settings.port),
            String(settings.slots), String(settings.contextPerSlot), model.name, String(Settings.threads),
        ]
    }

    /// Nothing of ours but what finding an interpreter takes: no key reaches the server.
    private var environment: [String] {
        let ours = ProcessInfo.processInfo.environment
        var result = ["PYTHONPATH=" + folder, "PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8"]
        for name in ["PATH", "HOME"] { if let value = ours[name] { result.append("\(name)=\(value)") } }
        return result
    }
}
