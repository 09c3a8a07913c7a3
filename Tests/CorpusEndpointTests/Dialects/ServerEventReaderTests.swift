import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Server-sent events")
struct ServerEventReaderTests {
    /// The events of a text that arrives in pieces of one size.
    private func events(in text: String, pieces size: Int, limit: Int = 1 << 20) throws -> [String] {
        var reader = ServerEventReader(limitBytes: limit)
        let bytes = Array(text.utf8)
        var events: [ServerEvent] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += try reader.events(in: bytes[start..<min(start + size, bytes.count)])
        }
        if let last = try reader.end() { events.append(last) }
        return events.map { ($0.name.map { "\($0)=" } ?? "") + String(decoding: $0.data, as: UTF8.self) }
    }

    @Test(
        "Events are the same in pieces of any size",
        arguments: [
            ("", []), ("data: a\n\n", ["a"]), ("data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
            ("data: a\r\rdata: b\r\r", ["a", "b"]), ("data:a\n\ndata:  b\n\n", ["a", " b"]),
            ("data: a\ndata: b\ndata\n\n", ["a\nb\n"]), ("event: x\ndata: a\n\ndata: b\n\n", ["x=a", "b"]),
            (": comment\n\n: another\ndata: a\nid: 7\nretry: 3\nother: x\n\n", ["a"]),
            ("event: x\n\ndata: a\n\n", ["a"]), ("\n\n\ndata: a\n\n\n\n", ["a"]), ("data\n\n", [""]),
            ("\u{FEFF}data: a\n\n", ["a"]), ("data: é🧪\n\n", ["é🧪"]), ("data: [DONE]\n\n", ["[DONE]"]),
            // The empty line that should follow is missing, or even the end of the line.
            ("data: a\n\ndata: b\n", ["a", "b"]), ("data: a\n\ndata: b", ["a", "b"]),
            ("data: a\r\n\r\ndata: b\r", ["a", "b"]), ("event: x", []), ("{\"a\":1}", []),
        ] as [(String, [String])]
    )
    func pieces(text: String, expected: [String]) throws {
        for size in 1...max(1, text.utf8.count) {
            #expect(try events(in: text, pieces: size) == expected, "pieces of \(size)")
        }
    }

    @Test("A line without an end, and an event without one, are given up at the limit")
    func endless() throws {
        let line = String(repeating: "x", count: 100)
        #expect(throws: ReplyFault.endlessLine(bytes: 64)) {
            try events(in: "data: " + line, pieces: 7, limit: 64)
        }
        #expect(throws: ReplyFault.endlessLine(bytes: 71)) {
            try events(
                in: String(repeating: "data: " + line.prefix(11) + "\n", count: 20),
                pieces: 7,
                limit: 64
            )
        }
        let many = String(repeating: "data: " + line.prefix(50) + "\n\n", count: 20)
        #expect(try events(in: many, pieces: 7, limit: 64).count == 20)
    }
}
