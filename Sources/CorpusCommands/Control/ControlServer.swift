import Foundation
import Synchronization

/// Answers on a run's control socket: one thread, one loop over all connections.
///
/// A thread of its own, so that a run whose every other thread is busy can still be held. It keeps its signals and its
/// user: what it wakes may start threads of Swift's pool, which inherit both.
final class ControlServer: Sendable {
    private let address: ControlAddress
    private let listener: Int32
    private let isStopped = Mutex(false)

    /// Opens the socket of a folder and begins to answer.
    ///
    /// - Parameters:
    ///   - folder: The run's folder; this process holds its lock.
    ///   - answer: Called on the server's thread with a line; gives the line that answers it, both without their ends.
    /// - Throws: ``ControlProblem``.
    init(
        in folder: String,
        answer: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) throws(ControlProblem) {
        address = try ControlAddress(in: folder)
        listener = try address.listener()
        let thread = Thread { [self] in
            var loop = ControlLoop(listener: listener, answer: answer)
            while !isStopped.withLock(\.self) { loop.turn() }
            loop.close()
        }
        thread.name = "control"
        thread.start()
    }

    /// Removes the socket and ends the connections.
    func stop() {
        isStopped.withLock { isStopped in
            guard !isStopped else { return }
            isStopped = true
            address.remove()
            // Wakes the thread, which then closes what is open.
            shutdown(listener, Int32(SHUT_RDWR))
        }
    }
}

/// The connections of a control socket; lives on the server's thread.
struct ControlLoop {
    /// The longest line that is read.
    static let longestLine = 16 << 10
    /// How many connections are kept; of more, the one that was silent longest goes.
    static let mostClients = 16
    /// A client that does not read its answers is not read from either.
    private static let mostUnsent = 64 << 10

    private struct Client {
        let descriptor: Int32
        var received: [UInt8] = []
        var unsent: [UInt8] = []
        /// Whether nothing more is read, and the connection ends when all is sent.
        var isEnding = false
        var isGone = false
        var lastHeard: ContinuousClock.Instant
    }

    private let listener: Int32
    private let answer: ([UInt8]) -> [UInt8]
    private var clients: [Client] = []
    /// Whether there was no room for another descriptor just now.
    private var isResting = false

    init(listener: Int32, answer: @escaping ([UInt8]) -> [UInt8]) {
        self.listener = listener
        self.answer = answer
    }

    /// Waits until something happens, and does what there is to do.
    mutating func turn() {
        var polled = [pollfd(fd: listener, events: isResting ? 0 : Int16(POLLIN), revents: 0)]
        for client in clients {
            let wanted = client.unsent.isEmpty ? POLLIN : POLLOUT
            polled.append(pollfd(fd: client.descriptor, events: Int16(wanted), revents: 0))
        }
        let ready = unsafe poll(&polled, nfds_t(polled.count), isResting ? 1000 : -1)
        isResting = false
        guard ready > 0 else { return }
        for (index, entry) in polled.dropFirst().enumerated() where entry.revents != 0 { serve(index) }
        clients.removeAll { client in
            guard client.isGone || (client.isEnding && client.unsent.isEmpty) else { return false }
            Foundation.close(client.descriptor)
            return true
        }
        if polled[0].revents & Int16(POLLIN) != 0 { admit() }
    }

    /// Ends all connections and closes the socket.
    mutating func close() {
        for client in clients { Foundation.close(client.descriptor) }
        clients = []
        Foundation.close(listener)
    }

    private mutating func admit() {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else {
            // It would be there again at once.
            isResting = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS
            return
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        if clients.count >= Self.mostClients,
            let silent = clients.indices.min(by: { clients[$0].lastHeard < clients[$1].lastHeard })
        {
            Foundation.close(clients.remove(at: silent).descriptor)
        }
        clients.append(Client(descriptor: descriptor, lastHeard: .now))
    }

    private mutating func serve(_ index: Int) {
        if clients[index].unsent.isEmpty { receive(index) }
        repeat {
            work(index)
            send(index)
        } while clients[index].unsent.isEmpty && hasLine(index)
    }

    private func hasLine(_ index: Int) -> Bool {
        !clients[index].isGone && !clients[index].isEnding && clients[index].received.contains(0x0A)
    }

    private mutating func receive(_ index: Int) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        let count = unsafe recv(clients[index].descriptor, &buffer, buffer.count, 0)
        if count > 0 {
            clients[index].received += buffer[..<count]
            clients[index].lastHeard = .now
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            // What has no line end is no request.
            clients[index].isGone = true
        }
    }

    /// Answers the lines that are whole, as long as the answers are read.
    private mutating func work(_ index: Int) {
        while !clients[index].isEnding, clients[index].unsent.count < Self.mostUnsent {
            let end = clients[index].received.firstIndex(of: 0x0A)
            guard end ?? clients[index].received.count <= Self.longestLine else {
                clients[index].unsent += ControlReply.tooLong.line
                // Where it ends is not worth waiting for.
                (clients[index].isEnding, clients[index].received) = (true, [])
                return
            }
            guard let end else { return }
            let line = Array(clients[index].received[..<end])
            clients[index].received.removeFirst(end + 1)
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            clients[index].unsent += answer(line) + [0x0A]
        }
    }

    private mutating func send(_ index: Int) {
        while !clients[index].isGone, !clients[index].unsent.isEmpty {
            let count = unsafe clients[index].unsent.withUnsafeBytes { bytes in
                unsafe Foundation.send(
                    clients[index].descriptor,
                    bytes.baseAddress,
                    bytes.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if count > 0 {
                clients[index].unsent.removeFirst(count)
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                clients[index].isGone = true
            }
        }
    }
}
