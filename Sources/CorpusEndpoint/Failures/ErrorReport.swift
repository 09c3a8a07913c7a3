import CorpusKit

/// An error as endpoints write it, whatever the dialect.
struct ErrorReport: Sendable, Hashable {
    /// For people; may quote the request or the key, so it is not shown as it is.
    var message: String
    /// All that may name the kind of error: `type`, `code`, `status` and the reasons among the details.
    var names: [String]
    /// A status inside the body, as gateways give it under a status of 200, or the one that the kind stands for.
    var status: Int?
    /// How long to wait, where the body says so.
    var wait: Duration?

    /// Reads `{"error": {…}}`, `{"error": "…"}`, `{"message": …}`, `{"detail": …}` or a list of one of these.
    init?(_ value: JSONValue) {
        if let first = value.elements?.first {
            self.init(first)
            return
        }
        guard case .object(let members) = value else { return nil }
        let error = members["error"] ?? members["detail"] ?? value
        if let text = error.text {
            self.init(message: text, names: [], status: nil)
            return
        }
        if let detail = error.elements?.first {
            self.init(message: detail["msg"]?.text ?? "", names: [], status: nil)
            return
        }
        guard case .object = error else { return nil }
        let details = error["details"]?.elements ?? []
        let names =
            ([error["type"], error["code"], error["status"], members["type"]] + details.map { $0["reason"] })
            .compactMap { $0?.text }
        let status = error["code"]?.whole ?? names.lazy.compactMap { Self.statuses[$0] }.first
        guard let message = error["message"]?.text ?? names.first ?? status.map(String.init) else {
            return nil
        }
        self.init(message: message, names: names, status: status)
        wait = details.lazy.compactMap { $0["retryDelay"]?.text }.compactMap(Self.seconds).first
    }

    /// Anthropic's kinds of errors, which streams give without a status.
    private static let statuses = [
        "authentication_error": 401, "billing_error": 402, "permission_error": 403, "not_found_error": 404,
        "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504,
        "overloaded_error": 529,
    ]

    /// Google's durations: `17.5s`.
    private static func seconds(_ text: String) -> Duration? {
        guard text.hasSuffix("s"), let seconds = Double(text.dropLast()), (0...1e6).contains(seconds) else {
            return nil
        }
        return .seconds(seconds)
    }

    /// Reads a body; nil when it holds no error in a known dialect.
    init?(body: [UInt8]) {
        // A page of megabytes explains nothing.
        guard body.count <= 256 << 10, let value = try? JSONValue(parsing: body) else { return nil }
        self.init(value)
    }

    init(message: String, names: [String], status: Int?) {
        self.message = message
        self.names = names
        self.status = status
    }

    private func says(_ phrases: [String]) -> Bool {
        let text = message.lowercased()
        return phrases.contains { text.contains($0) }
    }

    /// The prompt, or prompt and reply together, do not fit the model.
    var isTooLong: Bool {
        names.contains { $0 == "context_length_exceeded" || $0 == "exceed_context_size_error" }
            || says([
                "context length", "context window", "context size", "prompt is too long", "input is too long",
                "maximum model length", "max_model_len", "too many tokens", "reduce the length of",
                "exceed context limit", "exceeds the maximum number of tokens",
            ])
    }

    /// The field in which the most tokens of a reply are to be told instead of the one that was refused.
    ///
    /// Both names stand in the usual complaint, and the wanted one behind the other; a server that does not know the
    /// newer one names that alone.
    var wantedTokenLimit: TokenLimitField? {
        let text = message.lowercased()
        guard let newer = text.firstRange(of: TokenLimitField.maxCompletionTokens.rawValue) else {
            return nil
        }
        if let older = text.firstRange(of: TokenLimitField.maxTokens.rawValue) {
            return older.lowerBound < newer.lowerBound ? .maxCompletionTokens : .maxTokens
        }
        return says(["unknown", "unrecognized", "unsupported", "not supported", "extra inputs"])
            ? .maxTokens : nil
    }

    /// The content was refused, not the request.
    var isRefusal: Bool {
        names.contains { $0.hasPrefix("content_filter") || $0.hasPrefix("content_policy") }
            || names.contains("data_inspection_failed") || names.contains("DataInspectionFailed")
            || says([
                "content management policy", "content policy", "content filter", "flagged", "moderation",
            ])
    }

    /// The endpoint does not know the model.
    ///
    /// Only a status of 404 lets the word alone decide: elsewhere, models are spoken of for many reasons.
    func isUnknownModel(status: Int) -> Bool {
        if names.contains(where: { $0 == "model_not_found" || $0 == "unknown_model" }) { return true }
        return says(["not a valid model", "unknown model"]) || status == 404 && says(["model"])
    }

    /// Nothing is left to pay with: waiting does not help.
    ///
    /// Google says the same of what a minute allows, and then names a wait.
    var isOutOfCredit: Bool {
        guard wait == nil else { return false }
        return names.contains {
            $0 == "insufficient_quota" || $0 == "billing_hard_limit_reached" || $0 == "insufficient_balance"
        }
            || says([
                "insufficient balance", "insufficient credits", "exceeded your current quota",
                "credit balance is too low",
            ])
    }

    /// The key is wrong, though the status may not say so.
    var isBadKey: Bool { names.contains("API_KEY_INVALID") }

    /// The server is up and still reads its model.
    var isLoading: Bool { says(["loading model", "model is loading", "is currently loading"]) }
}
