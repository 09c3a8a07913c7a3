/// The address of an endpoint, as far as a recipe's check needs to know it.
package struct EndpointURL: Sendable, Hashable {
    package let isEncrypted: Bool
    package let host: String

    /// Reads `http://HOST[:PORT][/PATH]` or `https://…`; nil for anything else, also for user names and queries.
    package init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("https://") {
            (isEncrypted, rest) = (true, text.dropFirst(8))
        } else if text.hasPrefix("http://") {
            (isEncrypted, rest) = (false, text.dropFirst(7))
        } else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" }
        guard !rest.contains(where: { "?#@ ".contains($0) || $0.isWhitespace }) else { return nil }
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<end])
        } else {
            let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2, parts.count == 1 || UInt16(parts[1]) != nil else { return nil }
            host = String(parts[0])
        }
        guard !host.isEmpty else { return nil }
    }

    /// Whether the address never leaves this machine: 127.0.0.0/8, `::1`, `localhost`.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".")
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
