import Foundation

/// What the test server does with one request.
package struct Answer: Sendable {
    /// How the end of the body is told.
    package enum Framing: Sendable {
        /// A right `Content-Length`.
        case length
        /// A `Content-Length` that promises some bytes more than come before the connection closes.
        case missing(Int)
        /// Chunks of so many bytes.
        case chunks(Int)
        /// The body again and again until the client hangs up.
        case endless
        /// No HTTP at all: the body as it is.
        case raw
    }

    package var status = 200
    package var headers: [String] = []
    package var contentType = "application/json"
    package var body: [UInt8] = []
    package var framing = Framing.length
    /// Waited for before the first byte is sent, or after the headers.
    package var gate: Latch?
    /// Whether the headers go out before the gate is waited for.
    package var sendsHeadersFirst = false
    /// After so many bytes of the whole answer, headers included, the connection is reset.
    package var resetAfter: Int?
    /// After so many bytes nothing more comes, until the client hangs up.
    package var stallAfter: Int?
    /// Whether the connection is closed after the answer.
    package var closes = false

    package init(
        status: Int = 200,
        headers: [String] = [],
        contentType: String = "application/json",
        body: [UInt8] = [],
        framing: Framing = .length,
        gate: Latch? = nil,
        sendsHeadersFirst: Bool = false,
        resetAfter: Int? = nil,
        stallAfter: Int? = nil,
        closes: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        self.body = body
        self.framing = framing
        self.gate = gate
        self.sendsHeadersFirst = sendsHeadersFirst
        self.resetAfter = resetAfter
        self.stallAfter = stallAfter
        self.closes = closes
    }

    /// A status with a body.
    package static func status(_ status: Int, _ body: String = "{}", headers: [String] = []) -> Answer {
        Answer(status: status, headers: headers, body: Array(body.utf8))
    }

    /// A chat completion.
    package static func chat(_ text: String, input: Int = 10, output: Int = 5, gate: Latch? = nil) -> Answer {
        let body = """
            {"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",\
            "content":"\(text)"},"finish_reason":"stop"}],"usage":{"prompt_tokens":\(input),\
            "completion_tokens":\(output),"total_tokens":\(input + output)}}
            """
        return Answer(body: Array(body.utf8), gate: gate)
    }

    /// A chat completion with any text, which `chat` takes as JSON, and a reason for its end.
    package static func reply(_ text: String, finish: String = "stop") -> Answer {
        let message: [String: String] = ["role": "assistant", "content": text]
        let choice: [String: Any] = ["index": 0, "message": message, "finish_reason": finish]
        let usage = ["prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15]
        let body = try? JSONSerialization.data(withJSONObject: ["choices": [choice], "usage": usage])
        return Answer(body: Array(body ?? Data()))
    }

    /// A stream of events, each with some data, in chunks of a few bytes.
    package static func events(_ data: [String], stallsAtEnd: Bool = false) -> Answer {
        let text = data.map { "data: \($0)\n\n" }.joined()
        var answer = Answer(contentType: "text/event-stream", body: Array(text.utf8), framing: .chunks(50))
        // The last chunk says that there are no more.
        if stallsAtEnd { answer.stallAfter = answer.bytes.count - 5 }
        return answer
    }

    /// How many bytes the headers have.
    package var headBytes: Int {
        let bytes = bytes
        return (3..<bytes.count).first { bytes[$0 - 3...$0].elementsEqual([13, 10, 13, 10]) }.map { $0 + 1 }
            ?? 0
    }

    /// A connection that is reset without a word.
    package static let reset = Answer(resetAfter: 0)
    /// A server that never answers.
    package static let silence = Answer(stallAfter: 0)

    /// All bytes of the answer, or those of one round of an endless one.
    package var bytes: [UInt8] {
        if case .raw = framing { return body }
        var head = "HTTP/1.1 \(status) Status\r\nContent-Type: \(contentType)\r\n"
        for header in headers { head += header + "\r\n" }
        if closes { head += "Connection: close\r\n" }
        switch framing {
        case .length: head += "Content-Length: \(body.count)\r\n"
        case .missing(let count): head += "Content-Length: \(body.count + count)\r\n"
        case .chunks: head += "Transfer-Encoding: chunked\r\n"
        case .endless, .raw: break
        }
        var bytes = Array((head + "\r\n").utf8)
        guard case .chunks(let size) = framing else { return bytes + body }
        for start in stride(from: 0, to: body.count, by: size) {
            let chunk = body[start..<min(start + size, body.count)]
            bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }
}
