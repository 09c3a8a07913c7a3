import Foundation
import Synchronization
import TestSupport
import Testing

@testable import CorpusCommands

@Suite("The control socket", .timeLimit(.minutes(5)))
struct ControlServerTests {
    /// A folder of its own with a server that answers each line with what it heard.
    private final class Place: Sendable {
        let folder: String
        let heard = Mutex<[String]>([])
        private let server = Mutex<ControlServer?>(nil)

        init(below path: String = "", serves: Bool = true) throws {
            folder = NSTemporaryDirectory() + "corpusmith-ctl-" + UUID().uuidString + path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            if serves { try serve() }
        }

        deinit {
            server.withLock { $0?.stop() }
            try? FileManager.default.removeItem(atPath: folder)
        }

        func serve() throws {
            let server = try ControlServer(in: folder) { [weak self] line in
                let text = String(decoding: line, as: UTF8.self)
                self?.heard.withLock { $0.append(text) }
                return Array("heard \(text)".utf8)
            }
            self.server.withLock { $0 = server }
        }

        func stop() { server.withLock { $0?.stop() } }

        func dial() throws -> TestSocket {
            TestSocket(descriptor: try ControlAddress(in: folder).connection(patience: .seconds(100)))
        }

        var kind: FileAttributeType? { attribute(.type) }
        var mode: Int? { attribute(.posixPermissions) }

        private func attribute<Value>(_ key: FileAttributeKey) -> Value? {
            try? FileManager.default.attributesOfItem(atPath: folder + "/control.sock")[key] as? Value
        }
    }

    /// All that a connection says until it ends, or until there are so many lines.
    private static func lines(_ socket: TestSocket, _ count: Int = .max) async -> [String] {
        await apart {
            var bytes: [UInt8] = []
            while bytes.count(where: { $0 == 0x0A }) < count {
                let more = socket.read()
                guard !more.isEmpty else { break }
                bytes += more
            }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    @Test("Each line has one answer, in order, however the lines are cut into pieces")
    func lines() async throws {
        let place = try Place()
        let socket = try place.dial()
        for piece in ["a", "b\nc", "\n\n  \r\n", "d\ne\nf"] { #expect(socket.write(Array(piece.utf8))) }
        let first = await Self.lines(socket, 4)
        #expect(socket.write(Array("\n".utf8)))

        #expect(first == ["heard ab", "heard c", "heard d", "heard e"])
        #expect(await Self.lines(socket, 1) == ["heard f"])
        socket.close()
    }

    @Test("A line that is too long is refused and its connection ended, with or without its end")
    func tooLong() async throws {
        let place = try Place()
        for end in ["", "\n", "\nx\n"] {
            let socket = try place.dial()
            _ = socket.write(Array((String(repeating: "x", count: ControlLoop.longestLine + 1) + end).utf8))
            let said = await Self.lines(socket)

            #expect(said.count == 1 && said[0].contains(#""code":"too-long""#), "\(said)")
            socket.close()
        }
        let socket = try place.dial()
        let line = String(repeating: "y", count: ControlLoop.longestLine)
        #expect(socket.write(Array((line + "\n").utf8)))
        #expect(await Self.lines(socket, 1) == ["heard \(line)"])
        socket.close()
        #expect(place.heard.withLock { $0 } == [line])
    }

    @Test("What has no line end is no request")
    func unfinished() async throws {
        let place = try Place()
        let socket = try place.dial()
        #expect(socket.write(Array("whole\ncut o".utf8)))
        socket.shutWriting()
        #expect(await Self.lines(socket) == ["heard whole"])
        socket.close()
        #expect(place.heard.withLock { $0 } == ["whole"])
    }

    @Test("Clients that say nothing, leave, or do not read keep nobody from an answer")
    func badClients() async throws {
        let place = try Place()
        let silent = try place.dial()
        let half = try place.dial()
        _ = half.write(Array("half a li".utf8))
        let gone = try place.dial()
        _ = gone.write(Array("leaving\n".utf8))
        gone.close(resetting: true)
        // More answers than the kernel keeps for one who does not read them.
        let deaf = try place.dial()
        let flood = Array((String(repeating: "z", count: 1000) + "\n").utf8)
        for _ in 0..<100 { _ = deaf.write(flood) }
        let good = try place.dial()
        #expect(good.write(Array("hello\n".utf8)))

        #expect(await Self.lines(good, 1) == ["heard hello"])
        // Nothing that was asked is lost once somebody reads again.
        #expect(await Self.lines(deaf, 100).count == 100)
        for socket in [silent, half, deaf, good] { socket.close() }
    }

    @Test("Many clients are answered at once, and of too many the one that was silent longest goes")
    func manyClients() async throws {
        let place = try Place()
        var sockets: [TestSocket] = []
        for number in 0..<ControlLoop.mostClients {
            sockets.append(try place.dial())
            #expect(sockets[number].write(Array("\(number)\n".utf8)))
            #expect(await Self.lines(sockets[number], 1) == ["heard \(number)"])
        }
        // The first has spoken last.
        #expect(sockets[0].write(Array("again\n".utf8)))
        #expect(await Self.lines(sockets[0], 1) == ["heard again"])
        let late = try place.dial()
        #expect(late.write(Array("late\n".utf8)))
        #expect(await Self.lines(late, 1) == ["heard late"])

        #expect(await Self.lines(sockets[1]) == [])
        #expect(sockets[0].write(Array("still here\n".utf8)))
        #expect(await Self.lines(sockets[0], 1) == ["heard still here"])
        for socket in sockets + [late] { socket.close() }
    }

    @Test("The socket is for its user alone, replaces what a killed run left, and is removed at the end")
    func life() async throws {
        let place = try Place()
        #expect(place.kind == .typeSocket && place.mode == 0o600)
        // What is there after a kill: a socket that nobody listens at.
        let copy = place.folder + "/control.sock"
        let kept = place.folder + "/kept"
        try FileManager.default.moveItem(atPath: copy, toPath: kept)
        place.stop()
        try FileManager.default.moveItem(atPath: kept, toPath: copy)
        #expect(throws: ControlProblem.absent) { try place.dial() }

        try place.serve()
        let socket = try place.dial()
        #expect(socket.write(Array("new\n".utf8)))
        #expect(await Self.lines(socket, 1) == ["heard new"])
        place.stop()
        #expect(await Self.lines(socket) == [])
        socket.close()
        #expect(place.kind == nil)
        // Once more does no harm.
        place.stop()
        #expect(throws: ControlProblem.absent) { try place.dial() }
    }

    @Test("What else has the socket's name is left alone, and the folder has no socket then")
    func occupied() throws {
        let place = try Place(serves: false)
        let path = place.folder + "/control.sock"
        try "mine".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: ControlProblem.other("`control.sock` in it is something else")) { try place.serve() }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
        #expect(throws: ControlProblem.absent) { try place.dial() }
        #expect(throws: ControlProblem.absent) { try ControlAddress(in: place.folder + "/none") }
        #expect(throws: ControlProblem.absent) { try ControlAddress(in: path) }
    }

    @Test("A folder's path may be of any length", arguments: [30, 40, 41, 42, 43, 200, 3000])
    func longPath(length: Int) async throws {
        var path = ""
        while path.utf8.count < length {
            path += "/" + String(repeating: "é", count: min(100, max(1, (length - path.utf8.count - 1) / 2)))
        }
        let place = try Place(below: path)
        let socket = try place.dial()
        #expect(socket.write(Array("far\n".utf8)))
        #expect(await Self.lines(socket, 1) == ["heard far"])
        #expect(place.kind == .typeSocket && place.mode == 0o600)
        socket.close()
        place.stop()
        #expect(place.kind == nil)
    }
}
