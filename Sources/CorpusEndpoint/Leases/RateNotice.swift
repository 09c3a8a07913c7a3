import Foundation

/// What an endpoint says about its rate limits in the headers of a reply.
struct RateNotice: Sendable, Hashable {
    /// What is limited.
    enum Kind: Sendable, Hashable, CaseIterable {
        case requests
        /// Prompt and reply together.
        case tokens
        case inputTokens
        case outputTokens
    }

    /// One limit.
    struct Limit: Sendable, Hashable {
        var limit: Int?
        var remaining: Int?
        /// Seconds until the limit is whole again.
        var reset: Double?
    }

    /// The limits that are spoken of.
    var limits: [Kind: Limit] = [:]

    /// Reads headers, by lower-case name: `x-ratelimit-limit-requests` as OpenAI and most servers write it, and
    /// `anthropic-ratelimit-requests-limit`.
    ///
    /// - Parameters:
    ///   - headers: The headers.
    ///   - now: Seconds since 1970, for resets that name a moment.
    init(_ headers: [String: String], now: Double) {
        guard !headers.isEmpty else { return }
        for kind in Kind.allCases {
            let (plain, dashed) = Self.names(of: kind)
            func value(_ field: String) -> String? {
                headers["x-ratelimit-\(field)-\(plain)"] ?? headers["anthropic-ratelimit-\(dashed)-\(field)"]
            }
            let limit = Limit(
                limit: value("limit").flatMap(Self.count),
                remaining: value("remaining").flatMap(Self.count),
                reset: value("reset").flatMap { Self.seconds($0, now: now) }
            )
            if limit != Limit() { limits[kind] = limit }
        }
    }

    private static func names(of kind: Kind) -> (plain: String, dashed: String) {
        switch kind {
        case .requests: ("requests", "requests")
        case .tokens: ("tokens", "tokens")
        case .inputTokens: ("input-tokens", "input-tokens")
        case .outputTokens: ("output-tokens", "output-tokens")
        }
    }

    private static func count(_ text: String) -> Int? {
        guard let number = Double(text), (0...1e15).contains(number) else { return nil }
        return Int(number)
    }

    /// Reads `1.5` (seconds), `6m0s`, `250ms`, `1h2m`, or a moment such as `2026-01-02T03:04:05Z`.
    static func seconds(_ text: String, now: Double) -> Double? {
        if let number = Double(text) { return number >= 0 && number.isFinite ? number : nil }
        if let moment = try? Date(text, strategy: .iso8601) {
            return max(0, moment.timeIntervalSince1970 - now)
        }
        var rest = text[...]
        var total = 0.0
        while let part = rest.prefixMatch(of: /(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)/) {
            let unit: Double =
                switch part.2 {
                case "d": 86400
                case "h": 3600
                case "m": 60
                case "s": 1
                case "ms": 1e-3
                case "ns": 1e-9
                default: 1e-6
                }
            total += (Double(part.1) ?? 0) * unit
            rest = rest[part.range.upperBound...]
        }
        return rest.isEmpty && !text.isEmpty ? total : nil
    }
}
