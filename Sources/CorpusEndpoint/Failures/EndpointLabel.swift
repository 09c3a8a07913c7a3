import CorpusKit

/// What messages may say about an endpoint, and what they must hide.
struct EndpointLabel: Sendable {
    /// The base URL as messages show it.
    let address: String
    let apiModel: String
    let api: EndpointAPI
    let keyVariable: String?
    let hasKey: Bool
    private let key: Secret?

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        self.address = address.display
        apiModel = configuration.apiModel
        api = configuration.api
        keyVariable = configuration.keyVariable
        hasKey = configuration.key != nil
        key = configuration.key
    }

    /// What an endpoint says about its error, as the end of a message.
    ///
    /// It is put on one line, shortened, and left out when it quotes the request or the key. Servers do that:
    /// validators print the offending input.
    func explanation(_ text: String, request: ModelRequest?) -> String {
        // Control characters of the upper range move a terminal's cursor as well.
        let plain = text.unicodeScalars.map {
            $0.properties.generalCategory == .control ? " " : Character($0)
        }
        var words = String(plain).split(separator: " ").joined(separator: " ")
        // The message goes on, or ends without a full stop.
        if words.hasSuffix("."), !words.hasSuffix("..") { words.removeLast() }
        guard !words.isEmpty else { return "" }
        let short = words.count > 200 ? words.prefix(200) + "…" : words[...]
        let bytes = Array(short.utf8)
        let hides =
            Self.shares(bytes, key.map { Array($0.revealed.utf8) } ?? [], window: 6)
            || (request?.hiddenTexts ?? []).contains { text in
                Self.shares(bytes, Self.flattened(text), window: 24)
            }
        return hides ? "; its explanation quotes the request and is not shown" : ": \(short)"
    }

    private static func flattened(_ text: String) -> [UInt8] {
        Array(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").utf8)
    }

    /// Whether a text holds a stretch of a hidden one, or the whole of it when it is short.
    static func shares(_ text: [UInt8], _ hidden: [UInt8], window: Int) -> Bool {
        let size = min(window, hidden.count)
        guard size >= min(window, 6), text.count >= size else { return false }
        var stretches = Set<ArraySlice<UInt8>>()
        for start in 0...(text.count - size) { stretches.insert(text[start..<start + size]) }
        return (0...(hidden.count - size)).contains { stretches.contains(hidden[$0..<$0 + size]) }
    }
}

extension ModelRequest {
    /// All that came from a seed or a model and must not be quoted.
    fileprivate var hiddenTexts: [String] {
        messages.flatMap { [$0.content] + $0.toolCalls.map(\.arguments) } + (prompt.map { [$0] } ?? [])
            + texts
    }
}
