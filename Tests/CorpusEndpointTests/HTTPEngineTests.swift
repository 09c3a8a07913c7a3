import CorpusModel
import Foundation
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("HTTP engine", .timeLimit(.minutes(5)))
struct HTTPEngineTests {
    private let engine = HTTPEngine(connections: 64)

    private func post(
        _ url: String,
        _ body: [UInt8] = [1],
        limits: HTTPRequest.Limits = HTTPRequest.Limits()
    ) -> HTTPRequest {
        HTTPRequest(url: url, body: body, headers: ["Expect:"], limits: limits, bypassesProxies: true)
    }

    @Test(
        "A reply arrives whole, however it is framed",
        arguments: [Answer.Framing.length, .chunks(1), .chunks(7), .chunks(1 << 20)],
        [0, 1, 100_000]
    )
    func framing(framing: Answer.Framing, size: Int) async throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let server = try TestServer(answers: Answer(status: 201, body: body, framing: framing))

        let reply = try await engine.send(post(server.url)).get()

        #expect(reply.status == 201)
        #expect(reply.body == body)
    }

    @Test("Ten megabytes go out and come back", arguments: [Answer.Framing.length, .chunks(100_000)])
    func large(framing: Answer.Framing) async throws {
        let body = [UInt8](repeating: 0x61, count: 10_000_000)
        let server = try TestServer { Answer(body: $0.body, framing: framing) }

        let reply = try await engine.send(post(server.url, body)).get()

        #expect(reply.body == body)
        #expect(server.requests.first?.headers["expect"] == nil)
    }

    @Test("An empty body is posted, no body asks with GET")
    func methods() async throws {
        let server = try TestServer(answers: .status(200))

        _ = try await engine.send(post(server.url, [])).get()
        _ = try await engine.send(HTTPRequest(url: server.url, bypassesProxies: true)).get()

        #expect(server.requests.map(\.method) == ["POST", "GET"])
        #expect(server.requests.first?.headers["content-length"] == "0")
    }

    @Test("Nothing of one exchange is found in the next, whatever differs between them")
    func inTurn() async throws {
        let engine = HTTPEngine(connections: 1)
        let (first, second) = (try TestServer(answers: .status(200)), try TestServer(answers: .status(200)))
        var random = RandomStream(seed: 5, purpose: ["exchanges"])
        var sent: [Int: [(String, String, [UInt8])]] = [:]
        for number in 0..<60 {
            let place = random.below(2)
            let url = [first, second][place].url + (random.below(2) == 0 ? "/chat" : "/models")
            let body = random.below(3) == 0 ? nil : [UInt8](repeating: 7, count: random.below(4) * number)
            let mark = random.below(2) == 0 ? "" : "X-Mark: \(random.below(2))"
            var limits = HTTPRequest.Limits()
            limits.total = .seconds(600 + random.below(2))
            let request = HTTPRequest(
                url: url,
                body: body,
                headers: ["Expect:"] + (mark.isEmpty ? [] : [mark]),
                limits: limits,
                bypassesProxies: true
            )
            let reply = await engine.send(request)
            #expect(try reply.get().status == 200)
            sent[place, default: []].append(((body == nil ? "GET" : "POST") + url, mark, body ?? []))
        }

        for (index, server) in [first, second].enumerated() {
            let came = server.requests.map { request in
                let origin = server.url.replacing("/v1", with: "")
                let mark = request.headers["x-mark"].map { "X-Mark: \($0)" } ?? ""
                return "\(request.method)\(origin)\(request.path) \(mark) \(request.body.count)"
            }
            #expect(came == sent[index]?.map { "\($0.0) \($0.1) \($0.2.count)" })
        }
    }

    @Test("Headers for waiting and rates are kept, others are not")
    func headers() async throws {
        let lines = [
            "Retry-After: 7 ", "X-RateLimit-Remaining-Requests:  3", "anthropic-ratelimit-tokens-limit: 9",
            "Set-Cookie: a=b", "Location: /x",
        ]
        let server = try TestServer(answers: .status(429, headers: lines))

        let reply = try await engine.send(post(server.url)).get()

        #expect(
            reply.headers == [
                "retry-after": "7", "x-ratelimit-remaining-requests": "3",
                "anthropic-ratelimit-tokens-limit": "9", "location": "/x",
            ]
        )
    }

    @Test("An interim reply is not taken for the final one")
    func interim() async throws {
        let text =
            "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        let server = try TestServer(answers: Answer(body: Array(text.utf8), framing: .raw))

        let reply = try await engine.send(post(server.url)).get()

        #expect(reply.status == 200)
        #expect(reply.body == Array("ok".utf8))
        #expect(reply.headers.isEmpty)
    }

    @Test("Redirects are not followed")
    func redirect() async throws {
        let server = try TestServer(answers: .status(307, headers: ["Location: http://127.0.0.1:1/v1"]))

        let reply = try await engine.send(post(server.url)).get()

        #expect(reply.status == 307)
        #expect(server.requests.count == 1)
    }

    @Test("Connections are reused and bounded")
    func connections() async throws {
        let engine = HTTPEngine(connections: 3)
        let server = try TestServer(answers: .status(200))

        await withDiscardingTaskGroup { group in
            for number in 0..<60 {
                group.addTask { _ = await engine.send(post(server.url, [UInt8(number)])) }
            }
        }

        #expect(server.requests.count == 60)
        #expect(server.connectionCount <= 3)
    }

    @Test("Broken exchanges are told apart", arguments: Broken.all)
    func broken(row: Broken) async throws {
        let server = try TestServer(answers: row.answer)
        var limits = HTTPRequest.Limits()
        limits.total = row.total
        limits.idle = row.idle
        limits.replyBytes = 1 << 20

        let result = await engine.send(post(server.url, limits: limits))

        #expect(throws: TransportFailure(kind: row.kind, wasSent: true)) { try result.get() }
        #expect(server.requests.count == 1)
    }

    @Test("What dies on a connection that was used before is not sent again behind our back")
    func noRepetition() async throws {
        let engine = HTTPEngine(connections: 1)
        let server = try TestServer(answers: .status(200), .reset, .status(200))
        _ = try await engine.send(post(server.url)).get()
        let broken = await engine.send(post(server.url, [2]))

        #expect(throws: TransportFailure(kind: .broken, wasSent: true)) { try broken.get() }
        #expect(server.requests.count == 2)
        let next = try await engine.send(post(server.url, [3])).get()
        #expect(next.status == 200 && server.requests.count == 3)
    }

    @Test("Without a connection nothing counts as sent")
    func unreachable() async throws {
        let server = try TestServer(answers: .status(200))
        let url = server.url
        server.stop()
        let refused = await engine.send(post(url))
        let unknown = await engine.send(post("http://\(String(repeating: "a", count: 64)).invalid/v1"))
        let scheme = await engine.send(post("http://:70000/"))

        #expect(throws: TransportFailure(kind: .noConnection(ECONNREFUSED))) { try refused.get() }
        #expect(throws: TransportFailure(kind: .unknownHost)) { try unknown.get() }
        #expect(throws: TransportFailure(kind: .badAddress)) { try scheme.get() }
    }

    @Test("A server that does not speak TLS is no secure connection")
    func tls() async throws {
        let server = try TestServer(answers: Answer(body: Array("no TLS here".utf8), framing: .raw))

        let result = await engine.send(
            post("https://127.0.0.1:\(server.port)/v1", limits: .init(total: .seconds(20)))
        )

        let failure = #expect(throws: TransportFailure.self) { try result.get() }
        #expect(failure?.wasSent == false)
    }

    @Test(
        "A certificate that nobody trusts ends the exchange before a byte is sent",
        .enabled(if: TLSServer.isPossible)
    )
    func certificate() async throws {
        let server = try await TLSServer()

        let result = await engine.send(post("https://127.0.0.1:\(server.port)/v1"))

        #expect(throws: TransportFailure(kind: .certificate)) { try result.get() }
    }

    @Test("No program that is started meanwhile inherits a connection")
    func inheritance() async throws {
        let server = try TestServer(answers: .status(200))
        _ = try await engine.send(post(server.url)).get()
        let sockets = TestSocket.connected(to: server.port)

        #expect(sockets.count == 1)
        #expect(sockets.allSatisfy { !$0.isInherited })
    }

    @Test("Cancelling aborts the exchange on the wire")
    func cancellation() async throws {
        let server = try TestServer(answers: .silence)
        let engine = engine
        let outcome = await withTaskGroup(of: Result<HTTPReply, TransportFailure>.self) { group in
            group.addTask { await engine.send(post(server.url)) }
            await server.received(1)
            group.cancelAll()
            return await group.next()
        }
        await server.hungUp(1)

        #expect(throws: TransportFailure(kind: .cancelled, wasSent: true)) { try outcome?.get() }
    }

    @Test("A caller cancelled beforehand sends nothing")
    func cancelledBefore() async throws {
        let server = try TestServer(answers: .status(200))
        let engine = engine
        let outcome = await withTaskGroup(of: Result<HTTPReply, TransportFailure>.self) { group in
            group.cancelAll()
            group.addTask { await engine.send(post(server.url)) }
            return await group.next()
        }

        #expect(throws: TransportFailure(kind: .cancelled)) { try outcome?.get() }
        #expect(server.requests.isEmpty)
    }

    @Test("Shutting down ends what is under way and refuses what comes later")
    func shutdown() async throws {
        let server = try TestServer(answers: .silence)
        let engine = engine
        let outcomes = await withTaskGroup(of: Result<HTTPReply, TransportFailure>.self) { group in
            for _ in 0..<10 { group.addTask { await engine.send(post(server.url)) } }
            await server.received(10)
            await engine.shutdown()
            return await group.reduce(into: []) { $0.append($1) }
        }
        await engine.shutdown()
        let late = await engine.send(post(server.url))

        for outcome in outcomes {
            #expect(throws: TransportFailure(kind: .stopped, wasSent: true)) { try outcome.get() }
        }
        #expect(throws: TransportFailure(kind: .stopped)) { try late.get() }
    }

    @Test("A storm of calls, half of them cancelled, loses none")
    func storm() async throws {
        let server = try TestServer { Answer(body: $0.body) }
        let engine = engine
        let whole = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<400 {
                group.addTask {
                    let body = Array("\(number)".utf8)
                    guard number.isMultiple(of: 2) else {
                        return await withTaskGroup(of: Bool.self) { inner in
                            inner.addTask { (try? await engine.send(post(server.url, body)).get()) != nil }
                            inner.cancelAll()
                            return await inner.next() ?? false
                        }
                    }
                    return (try? await engine.send(post(server.url, body)).get())?.body == body
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }

        #expect(whole >= 200)
    }
}

/// A way in which an exchange breaks.
struct Broken: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let answer: Answer
    let kind: TransportFailure.Kind
    var total = Duration.seconds(30)
    var idle = Duration.seconds(30)

    private static let page = [UInt8](repeating: 0x20, count: 1000)

    static let all = [
        Broken(testDescription: "reset before a byte", answer: .reset, kind: .broken),
        Broken(
            testDescription: "reset in the headers",
            answer: Answer(body: page, resetAfter: 20),
            kind: .broken
        ),
        Broken(
            testDescription: "reset in the body",
            answer: Answer(body: page, resetAfter: 500),
            kind: .broken
        ),
        Broken(
            testDescription: "closed before the promised length",
            answer: Answer(body: page, framing: .missing(1)),
            kind: .broken
        ),
        Broken(
            testDescription: "reset in the middle of the chunks",
            answer: Answer(body: page, framing: .chunks(100), resetAfter: 600),
            kind: .broken
        ),
        Broken(
            testDescription: "no answer at all",
            answer: .silence,
            kind: .totalTimeout,
            total: .milliseconds(120)
        ),
        Broken(
            testDescription: "an answer that stands still",
            answer: Answer(body: page, stallAfter: 500),
            kind: .idleTimeout,
            idle: .milliseconds(60)
        ),
        Broken(
            testDescription: "a body that never ends",
            answer: Answer(body: page, framing: .endless),
            kind: .tooLarge
        ),
        Broken(
            testDescription: "a length beyond the limit",
            answer: Answer(body: page, framing: .missing(2 << 20)),
            kind: .tooLarge
        ),
        Broken(
            testDescription: "something that is not HTTP",
            answer: Answer(body: Array("SSH-2.0-OpenSSH_9.2\r\n".utf8), framing: .raw),
            kind: .notHTTP
        ),
    ]
}
