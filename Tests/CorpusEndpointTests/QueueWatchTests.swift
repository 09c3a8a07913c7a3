import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Looks at a server's queue", .timeLimit(.minutes(5)))
struct QueueWatchTests {
    private static let page = """
        vllm:num_requests_running{engine="0"} 4.0
        vllm:num_requests_waiting{engine="0"} 0.0
        """

    /// A server whose pages of counts come in turn; the last one repeats.
    private func server(_ pages: Answer..., looks: Trace) throws -> TestServer {
        try TestServer(hasMetrics: true) { request in
            if request.path == "/metrics" {
                let number = looks.notes.count
                looks.note(number)
                return pages[min(number, pages.count - 1)]
            }
            return request.method == "GET" ? .status(200, #"{"data":[{"id":"teacher"}]}"#) : .chat("hello")
        }
    }

    @Test("A failed look is tried again; a page that is not there, or says nothing, ends the looks")
    func misses() async throws {
        for end in [Answer.status(404), .status(200, "up 1"), .status(403)] {
            let looks = Trace()
            let page = Answer.status(200, Self.page)
            let server = try server(.status(500), .reset, page, .status(503), end, looks: looks)
            let client = try client(configuration(server.url))

            _ = try await client.probe("teacher")
            await until { looks.notes.count >= 5 }
            for _ in 0..<3 { _ = try await client.complete(request()) }
            await client.shutdown()

            #expect(looks.notes.count == 5)
        }
    }

    @Test("After many misses in a row nobody looks until the server answers a call")
    func restart() async throws {
        let looks = Trace()
        let server = try server(.status(500), looks: looks)
        let client = try client(configuration(server.url))

        _ = try await client.probe("teacher")
        await until { looks.notes.count >= 6 }
        // The looks may end a moment after the last answer: some call after that finds them ended.
        while looks.notes.count < 12 { _ = try await client.complete(request()) }
        await client.shutdown()
    }

    @Test("Without a question for models nobody looks")
    func unasked() async throws {
        let looks = Trace()
        let server = try server(.status(200, Self.page), looks: looks)
        let client = try client(configuration(server.url))

        for _ in 0..<3 { _ = try await client.complete(request()) }
        await client.shutdown()

        #expect(looks.notes.isEmpty)
    }
}
