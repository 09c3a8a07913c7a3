import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Bodies read line by line", .timeLimit(.minutes(5)))
struct BodyLinesTests {
    /// The lines that a body gives, cut into pieces at random.
    private func lines(_ text: String, limitBytes: Int = 100, seed: Int = 0) -> [String] {
        let found = Mutex<[String]>([])
        let reader = BodyLines(limitBytes: limitBytes) { line in
            found.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        var random = RandomStream(seed: seed, purpose: ["lines"])
        for piece in random.pieces(of: Array(text.utf8)) {
            unsafe piece.withUnsafeBytes { #expect(unsafe reader.take($0) == .moving) }
        }
        reader.finish()
        return found.withLock { $0 }
    }

    @Test("Lines come whole, wherever the pieces end", arguments: 0..<20)
    func whole(seed: Int) {
        #expect(lines("one\n\ntwo é\nthree", seed: seed) == ["one", "two é", "three"])
        #expect(lines("one\n", seed: seed) == ["one"])
        #expect(lines("", seed: seed).isEmpty)
    }

    @Test("A line that is too long is left out, and nothing else", arguments: 0..<20)
    func long(seed: Int) {
        let long = String(repeating: "x", count: 101)
        #expect(lines("a\n\(long)\nb\n\(long)", seed: seed) == ["a", "b"])
        #expect(lines(String(long.dropLast()), seed: seed).count == 1)
    }

    @Test("The engine keeps nothing of a body that is read, but the whole of an error")
    func engine() async throws {
        let server = try TestServer { request in
            .status(request.index == 0 ? 200 : 404, "one\ntwo\n")
        }
        let count = Mutex(0)
        let engine = HTTPEngine(connections: 2)
        func send() async throws -> HTTPReply {
            var request = HTTPRequest(url: server.url, bypassesProxies: true)
            request.reader = BodyLines(limitBytes: 100) { _ in count.withLock { $0 += 1 } }
            return try await engine.send(request).get()
        }

        #expect(try await send().body.isEmpty)
        #expect(try await send().body == Array("one\ntwo\n".utf8))
        #expect(count.withLock { $0 } == 2)
        await engine.shutdown()
    }
}
