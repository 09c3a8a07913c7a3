import Foundation

/// What is known of a server that starts, runs and stops: a plain state machine without threads, clocks or processes.
struct ServerWatch {
    /// Where in its life the server is.
    enum Phase: Hashable {
        case starting
        case ready
        /// It was told to end; `late` when that is because it was not ready in time.
        case stopping(late: Bool)
    }

    /// What to do now.
    enum Action: Hashable {
        case wait
        /// Ask this address whether the model is loaded.
        case probe(URL, port: UInt16)
        /// Tell the server to end.
        case terminate
        /// End it.
        case kill
    }

    private(set) var phase = Phase.starting
    private var address: URL?
    private var port: UInt16 = 0
    private let startDeadline: ContinuousClock.Instant
    private let stopLimit: Duration
    private var killDeadline: ContinuousClock.Instant?
    private var output = LineBuffer()
    private var errors = LineBuffer()
    private var errorLines: [String] = []

    init(began: ContinuousClock.Instant, startLimit: Duration, stopLimit: Duration) {
        startDeadline = began + startLimit
        self.stopLimit = stopLimit
    }

    /// Takes what the server wrote: to standard output (0) or standard error (1).
    mutating func receive(_ bytes: ArraySlice<UInt8>, from stream: Int) {
        if stream == 0 {
            for line in output.lines(adding: bytes) where address == nil { read(line) }
        } else {
            errorLines += errors.lines(adding: bytes)
            errorLines.removeFirst(max(0, errorLines.count - 5))
        }
    }

    /// Notes that the model is loaded.
    mutating func becameReady() {
        if phase == .starting { phase = .ready }
    }

    /// What to do at an instant; the caller does it.
    mutating func next(at now: ContinuousClock.Instant, stopAsked: Bool) -> Action {
        switch phase {
        case .starting where stopAsked, .ready where stopAsked: return terminate(at: now, late: false)
        case .starting where now >= startDeadline: return terminate(at: now, late: true)
        case .starting: return address.map { .probe($0, port: port) } ?? .wait
        case .ready: return .wait
        case .stopping:
            guard let deadline = killDeadline, now >= deadline else { return .wait }
            killDeadline = nil
            return .kill
        }
    }

    /// How long to listen before looking again.
    var pollMilliseconds: Int32 { phase == .ready ? 500 : 20 }

    /// The last lines of standard error, ready to follow a sentence; empty when there are none.
    var lastWords: String {
        let lines = (errorLines + errors.rest).suffix(5)
        return lines.isEmpty ? "" : "; it said last:\n" + lines.map { "    " + $0 }.joined(separator: "\n")
    }

    private mutating func terminate(at now: ContinuousClock.Instant, late: Bool) -> Action {
        phase = .stopping(late: late)
        killDeadline = now + stopLimit
        return .terminate
    }

    private mutating func read(_ line: String) {
        struct Greeting: Decodable { let ready: URL }
        guard line.hasPrefix("{"),
            let greeting = try? JSONDecoder().decode(Greeting.self, from: Data(line.utf8)),
            greeting.ready.host() == "127.0.0.1",
            let port = greeting.ready.port.flatMap(UInt16.init(exactly:))
        else { return }
        (address, self.port) = (greeting.ready, port)
    }
}

/// Cuts a stream of bytes into lines, keeping at most 4 KiB of each.
private struct LineBuffer {
    private static let longest = 4096
    private var bytes: [UInt8] = []

    mutating func lines(adding new: ArraySlice<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in new {
            if byte == UInt8(ascii: "\n") {
                lines.append(String(decoding: bytes, as: UTF8.self))
                bytes.removeAll(keepingCapacity: true)
            } else if bytes.count < Self.longest {
                bytes.append(byte)
            }
        }
        return lines
    }

    /// The line that has not ended yet, if any.
    var rest: [String] { bytes.isEmpty ? [] : [String(decoding: bytes, as: UTF8.self)] }
}
