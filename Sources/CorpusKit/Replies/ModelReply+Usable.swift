extension ModelReply {
    /// The most bytes of a reply that a method looks at unless it says otherwise.
    public static let mostUsableBytes = 65_536

    /// Refuses a reply that is not worth parsing.
    ///
    /// - Parameter bytes: The most bytes of UTF-8 that can be a sensible reply.
    /// - Returns: The text without white space around it.
    /// - Throws: ``Skip`` with `truncated` when the reply did not end by itself, `refusal` when the model or its
    ///   endpoint declined, `empty` when it is blank, `low-quality` when it is too long.
    public func usableText(atMost bytes: Int = mostUsableBytes) throws(Skip) -> String {
        switch finish {
        case .stop: break
        case .filtered: throw Skip("refusal", "the endpoint's content filter ended the reply")
        case .length: throw Skip("truncated", "the reply was cut off at the token limit")
        case .toolCalls: throw Skip("truncated", "the reply waits for a tool")
        case .other: throw Skip("truncated", "the reply did not end by itself")
        }
        guard text.utf8.count <= bytes else {
            throw Skip("low-quality", "the reply has \(text.utf8.count) bytes, the limit is \(bytes)")
        }
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { throw Skip("empty", "the reply is blank") }
        guard !RefusalDetector.isRefusal(text) else { throw Skip("refusal", "the model declined") }
        return String(text[first...last])
    }
}
