import Foundation
import Synchronization

/// An HTTP/1.1 server on the loopback that does what a test says: one thread per connection, keep-alive.
package final class TestServer: Sendable {
    /// One request as it came.
    package struct Request: Sendable {
        /// Counts all requests of the server, from 0.
        package let index: Int
        package let method: String
        package let path: String
        /// By lower-case name.
        package let headers: [String: String]
        package let body: [UInt8]

        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    private struct State: Sendable {
        var requests: [Request] = []
        var inFlight = 0
        var mostInFlight = 0
        var hangups = 0
        var connections: [Int32: TestSocket] = [:]
        var connectionCount = 0
        var isStopped = false
        var waiting: [Int: Waiter] = [:]
        var lastWaiter = 0
    }

    private struct Waiter: Sendable {
        let isReached: @Sendable (State) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    package let port: Int
    private let listener: TestSocket
    private let state = Mutex(State())
    private let hasMetrics: Bool
    private let script: @Sendable (Request) -> Answer

    /// Starts a server that answers as the script says.
    ///
    /// Without metrics of its own, it says so to whoever asks, and does not count that as a request: clients ask
    /// when the machine is slow, and at no moment that a test could know.
    package init(hasMetrics: Bool = false, _ script: @escaping @Sendable (Request) -> Answer) throws {
        let (listener, port) = try TestSocket.listening()
        (self.listener, self.port, self.hasMetrics, self.script) = (listener, port, hasMetrics, script)
        Self.spawn { [weak self] in
            while let connection = listener.accept() {
                guard let self, admit(connection) else {
                    connection.close()
                    continue
                }
                Self.spawn { self.serve(connection) }
            }
            listener.close()
        }
    }

    /// Starts a server that gives the answers in turn; the last one repeats.
    package convenience init(answers: Answer...) throws {
        try self.init { request in answers[min(request.index, answers.count - 1)] }
    }

    deinit { stop() }

    package var url: String { "http://127.0.0.1:\(port)/v1" }
    package var requests: [Request] { state.withLock { $0.requests } }
    package var mostInFlight: Int { state.withLock { $0.mostInFlight } }
    package var connectionCount: Int { state.withLock { $0.connectionCount } }

    /// How often each body was answered with success or failure.
    package var bodies: [[UInt8]: Int] { requests.reduce(into: [:]) { $0[$1.body, default: 0] += 1 } }

    /// Closes the door and all connections; what is under way breaks.
    package func stop() {
        // Under the lock and once: a descriptor that is closed already may belong to somebody else by now.
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            listener.shut()
            for connection in state.connections.values { connection.shut() }
        }
    }

    /// Waits until so many requests have come; a caller who is cancelled waits no longer.
    package func received(_ count: Int) async { await reached { $0.requests.count >= count } }

    /// Waits until nobody is connected any more: all that clients sent before they went has been taken note of.
    package func deserted() async { await reached { $0.connections.isEmpty } }

    /// Waits until a client has hung up on an answer so many times.
    package func hungUp(_ count: Int) async { await reached { $0.hangups >= count } }

    private func reached(_ condition: @escaping @Sendable (State) -> Bool) async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReached = state.withLock { state in
                    if Task.isCancelled || condition(state) { return true }
                    state.waiting[number] = Waiter(isReached: condition, continuation: continuation)
                    return false
                }
                if isReached { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.continuation.resume()
        }
    }

    private func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
        let (result, ready) = state.withLock { state in
            let result = change(&state)
            let ready = state.waiting.filter { $0.value.isReached(state) }
            for number in ready.keys { state.waiting[number] = nil }
            return (result, ready.values.map(\.continuation))
        }
        for continuation in ready { continuation.resume() }
        return result
    }

    private func admit(_ connection: TestSocket) -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            state.connections[connection.descriptor] = connection
            state.connectionCount += 1
            return true
        }
    }

    private func serve(_ connection: TestSocket) {
        var reader = RequestReader(connection)
        var resets = false
        while let (method, path, headers, body) = reader.next() {
            if path == "/metrics", !hasMetrics {
                guard connection.write(Answer.status(404).bytes[...]) else { break }
                continue
            }
            let request = arrived(method, path, headers, body)
            let answer = script(request)
            if !answer.sendsHeadersFirst { answer.gate?.pass() }
            resets = answer.resetAfter != nil
            guard give(answer, to: connection), !answer.closes, !resets else { break }
        }
        update { _ = $0.connections.removeValue(forKey: connection.descriptor) }
        connection.close(resetting: resets)
    }

    private func arrived(
        _ method: String,
        _ path: String,
        _ headers: [String: String],
        _ body: [UInt8]
    ) -> Request {
        update { state in
            let request = Request(
                index: state.requests.count,
                method: method,
                path: path,
                headers: headers,
                body: body
            )
            state.requests.append(request)
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
            return request
        }
    }

    /// Whether the connection is still of use.
    private func give(_ answer: Answer, to connection: TestSocket) -> Bool {
        var bytes = answer.bytes
        if answer.sendsHeadersFirst, let gate = answer.gate {
            let head = answer.headBytes
            guard connection.write(bytes.prefix(head)) else { return false }
            bytes.removeFirst(head)
            gate.pass()
        }
        let most = answer.resetAfter ?? answer.stallAfter ?? max(0, bytes.count - 1)
        var isWhole = connection.write(bytes.prefix(most))
        // The client may send its next request as soon as it has the last byte, and no sooner.
        update { $0.inFlight -= 1 }
        if answer.resetAfter != nil { return isWhole }
        if answer.stallAfter != nil {
            while !connection.read().isEmpty {}
            update { $0.hangups += 1 }
            return false
        }
        isWhole = isWhole && connection.write(bytes.dropFirst(most))
        switch answer.framing {
        case .endless:
            while isWhole { isWhole = connection.write(answer.body) }
        case .missing, .raw: return false
        case .length, .chunks: break
        }
        if !isWhole { update { $0.hangups += 1 } }
        return isWhole
    }

    private static func spawn(_ work: @escaping @Sendable () -> Void) {
        let thread = Thread(block: work)
        thread.stackSize = 512 << 10
        thread.start()
    }
}

/// Reads requests from a connection.
private struct RequestReader {
    private let connection: TestSocket
    private var buffer: [UInt8] = []

    init(_ connection: TestSocket) { self.connection = connection }

    mutating func next() -> (method: String, path: String, headers: [String: String], body: [UInt8])? {
        var end = headEnd(from: 0)
        while end == nil {
            let more = connection.read()
            guard !more.isEmpty else { return nil }
            let seen = max(0, buffer.count - 3)
            buffer += more
            // A TLS greeting: there is nobody here who could answer it.
            guard buffer.first != 0x16 else { return nil }
            end = headEnd(from: seen)
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] =
                parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        let length = headers["content-length"].flatMap(Int.init) ?? 0
        while buffer.count < end + length {
            let more = connection.read()
            guard !more.isEmpty else { return nil }
            buffer += more
        }
        let body = Array(buffer[end..<end + length])
        buffer.removeFirst(end + length)
        guard words.count == 3 else { return nil }
        return (String(words[0]), String(words[1]), headers, body)
    }

    private func headEnd(from start: Int) -> Int? {
        var index = start
        while index + 4 <= buffer.count {
            if buffer[index] == 13, buffer[index..<index + 4].elementsEqual([13, 10, 13, 10]) {
                return index + 4
            }
            index += 1
        }
        return nil
    }
}
