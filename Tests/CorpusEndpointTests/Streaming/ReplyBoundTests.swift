import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("What a reply may be", .timeLimit(.minutes(5)))
struct ReplyBoundTests {
    @Test("A reply that is much longer than what was asked for is cut off", arguments: [false, true])
    func bound(isStreamed: Bool) async throws {
        let text = String(repeating: "lorem ipsum ", count: 150_000)
        let delta = #"{"choices":[{"index":0,"delta":{"content":"\#(text)"}}]}"#
        let server = try TestServer { _ in isStreamed ? .events([delta]) : .chat(text) }
        var configuration = configuration(server.url)
        configuration.streamsFrom = isStreamed ? 0 : nil
        let client = try client(configuration)

        let last = try await failure { try await client.complete(request(maxTokens: 100)) }

        #expect(last.code == "reply-too-large")
        #expect(server.requests.count == 1)
    }

    @Test("A bound that is given takes the place of ours")
    func givenBound() async throws {
        let text = String(repeating: "lorem ipsum ", count: 150_000)
        let server = try TestServer(answers: .chat(text))
        var configuration = configuration(server.url)
        configuration.maxReplyBytes = 4 << 20
        let client = try client(configuration)

        #expect(try await client.complete(request(maxTokens: 100)).reply.text == text)
    }

    @Test("The bound follows the tokens, their likelihoods and the request")
    func rule() throws {
        func parcel(_ body: Int, isStreamed: Bool = false) -> Lane.Parcel {
            Lane.Parcel(
                body: [UInt8](repeating: 0, count: body),
                isStreamed: isStreamed,
                worstCase: Amounts(),
                need: LeaseNeed(role: "", input: 1, output: 1)
            )
        }
        var likely = request(maxTokens: 1000)
        likely.sampling.logprobs = 4
        let base = 1 << 20

        #expect(parcel(0).longestReply(to: request(maxTokens: 1000)) == base + 64_000)
        #expect(parcel(100).longestReply(to: request(maxTokens: 1000)) == base + 64_400)
        #expect(parcel(0).longestReply(to: likely) == base + 64_000 + 5 * 384_000)
        #expect(parcel(0, isStreamed: true).longestReply(to: request(maxTokens: 10)) == base + 10_240)
        #expect(parcel(0).longestReply(to: request(maxTokens: .max)) == .max)
    }

    @Test("What a server calls HTML is named so, whatever stands in it", arguments: ["", "Log in", "{}"])
    func page(body: String) async throws {
        let page = Answer(contentType: "text/HTML; charset=utf-8", body: Array(body.utf8))
        let server = try TestServer(answers: page)
        var streamed = configuration(server.url, name: "judge", attempts: 1)
        streamed.streamsFrom = 0
        let client = try client(configuration(server.url, attempts: 1), streamed)

        for model in ["teacher", "judge"] {
            let last = try await failure { try await client.complete(request(model: model)) }
            #expect(last.code == "bad-reply")
            #expect(last.description == "the endpoint `\(server.url)` answered with a web page")
            #expect(last.hint == "check the address: something else may answer there")
        }
    }

    @Test("A reply is a reply, whatever it is called", arguments: ["text/plain", "text/html", "octets"])
    func misnamed(type: String) async throws {
        let server = try TestServer { _ in
            var answer = Answer.chat("hello")
            answer.contentType = type
            return answer
        }
        let client = try client(configuration(server.url))

        #expect(try await client.complete(request()).reply.text == "hello")
    }

    @Test("Calls that nobody answers in time lower the number of calls in flight")
    func overload() async throws {
        let server = try TestServer(answers: .silence)
        var configuration = configuration(server.url, places: 16, attempts: 1)
        configuration.timeouts.total = .milliseconds(30)
        var policy = RetryPolicy()
        policy.failuresUntilDown = 1000
        // The limit looks at the time that calls really take; nothing waits here.
        let client = try EndpointClient([configuration], budget: Budget(Caps()), policy: policy)
        await withDiscardingTaskGroup { group in
            for number in 0..<96 { group.addTask { _ = try? await client.complete(request("\(number)")) } }
        }

        #expect(client.snapshot.total.limit < 16)
    }

    @Test("A gateway that has waited too long shows overload, and other errors do not")
    func overloadStatus() throws {
        let address = try EndpointAddress("http://127.0.0.1:1", api: .openai)
        let label = EndpointLabel(configuration("http://127.0.0.1:1"), address)
        let shown = [500, 502, 504, 524, 429].map {
            CallFailure(HTTPReply(status: $0), from: label, request: nil, now: 0).showsOverload
        }
        #expect(shown == [false, false, true, true, false])
    }
}
