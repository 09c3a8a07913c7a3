internal import CCurlShim
import CorpusKit

extension CallFailure {
    /// Classifies a reply whose status is no success.
    ///
    /// - Parameters:
    ///   - reply: The reply.
    ///   - label: The endpoint.
    ///   - request: The request, so that no message quotes it; nil when it holds no prompt.
    ///   - now: Seconds since 1970, to read a `Retry-After` that names a moment.
    init(_ reply: HTTPReply, from label: EndpointLabel, request: ModelRequest?, now: Double) {
        let report = ErrorReport(body: reply.body)
        self.init(reply.status, report, reply.headers, from: label, request: request, now: now)
    }

    /// Classifies an error that came with a status, or inside a reply of status 200.
    init(
        _ status: Int,
        _ report: ErrorReport?,
        _ headers: [String: String],
        from label: EndpointLabel,
        request: ModelRequest?,
        now: Double
    ) {
        let (end, address) = ("(status \(status))", label.address)
        let said = report.map { label.explanation($0.message, request: request) } ?? ""
        let requests = label.api == .openai ? "chat requests" : "requests"
        let isRefusal = [400, 403, 422, 451].contains(status) && report?.isRefusal == true
        if isRefusal {
            self.init(
                .refused,
                .contentRefused,
                "the content filter of `\(address)` refused the request \(end)"
            )
        } else if status == 401 || status == 403 || report?.isBadKey == true {
            self = Self.badKey(status, label)
        } else if (400..<500).contains(status), report?.isUnknownModel(status: status) == true {
            self = Self.unknownModel(label)
        } else if status == 404 || status == 405 || status == 501 {
            // A server that does not know the way, or does not let anybody post there.
            self.init(
                .never,
                .badAddress,
                "nothing answers \(requests) at `\(address)` \(end)",
                hint: "check the address: \(requests) go to `\(address)\(label.api.requestPath)`",
                stopsRun: true
            )
        } else if status == 413 || [400, 422].contains(status) && report?.isTooLong == true {
            self.init(
                .tooLong,
                .tooLong,
                "the request is too long for `\(label.apiModel)` at `\(address)` \(end)\(said)",
                hint: "shorten the prompt, lower `max_tokens` or serve the model with a longer context"
            )
        } else if [400, 422].contains(status), label.api == .openai, let field = report?.wantedTokenLimit {
            self.init(
                .never,
                .endpointRefused,
                "the endpoint `\(address)` wants replies to be limited by `\(field.rawValue)` \(end)",
                hint: "say `token_limit: \(field.rawValue)` for this model",
                stopsRun: true
            )
        } else if status == 402 || [400, 429].contains(status) && report?.isOutOfCredit == true {
            self.init(
                .elsewhere,
                .quotaExhausted,
                "the account behind `\(address)` has nothing left to spend \(end)",
                hint: "add credit or use another key and give the same command again",
                stopsRun: true
            )
        } else if (300..<400).contains(status) {
            self.init(
                .never,
                .badAddress,
                "the endpoint `\(address)` redirects elsewhere \(end)",
                hint: Self.redirectHint(headers["location"], label.api),
                stopsRun: true
            )
        } else if status == 503, report?.isLoading == true {
            self.init(
                .again(after: Self.wait(headers, now: now)),
                .endpointLoading,
                "the endpoint `\(address)` is still loading its model",
                hint: "wait until its `/health` answers, then give the same command again"
            )
        } else if Self.isWorthAnotherTry(status) {
            self.init(
                .again(after: Self.wait(headers, now: now) ?? report?.wait),
                Self.code(ofTemporary: status),
                "the endpoint `\(address)` answered with an error \(end)\(said)",
                // A gateway's error tells nothing about the model behind it, which may have done the work.
                mayBeCharged: status == 502 || status == 504 || (520...527).contains(status)
            )
            // A gateway that has waited too long.
            showsOverload = status == 504 || status == 524
        } else {
            self.init(
                .never,
                .endpointRefused,
                "the endpoint `\(address)` refused the request \(end)\(said)",
                hint: "check the model's settings in the recipe against what this endpoint accepts"
            )
        }
    }

    private static func isWorthAnotherTry(_ status: Int) -> Bool {
        switch status {
        case 408, 409, 425, 429: true
        case 501, 505: false
        default: (500..<600).contains(status)
        }
    }

    private static func code(ofTemporary status: Int) -> ReasonCode {
        switch status {
        case 429: .rateLimited
        case 503, 529: .overloaded
        default: .endpointError
        }
    }

    private static func badKey(_ status: Int, _ label: EndpointLabel) -> CallFailure {
        let again = "and give the same command again"
        if let variable = label.keyVariable, label.hasKey {
            return CallFailure(
                .never,
                .badKey,
                "the endpoint `\(label.address)` refused the key in `\(variable)` (status \(status))",
                hint: "set `\(variable)` to a key that may use `\(label.apiModel)` \(again)",
                stopsRun: true
            )
        }
        if let variable = label.keyVariable {
            return CallFailure(
                .never,
                .badKey,
                "the endpoint `\(label.address)` wants a key and `\(variable)` holds none (status \(status))",
                hint: "set `\(variable)` \(again)",
                stopsRun: true
            )
        }
        let problem = label.hasKey ? "refused the key" : "wants a key"
        return CallFailure(
            .never,
            .badKey,
            "the endpoint `\(label.address)` \(problem) (status \(status))",
            hint: "name the variable that holds a key: `key: { env: MY_KEY }`",
            stopsRun: true
        )
    }

    static func unknownModel(_ label: EndpointLabel) -> CallFailure {
        CallFailure(
            .never,
            .unknownModel,
            "the endpoint `\(label.address)` does not know the model `\(label.apiModel)`",
            hint: "name one of the models that it serves",
            stopsRun: true
        )
    }

    private static func redirectHint(_ location: String?, _ api: EndpointAPI) -> String {
        let target = location.flatMap { $0.split(separator: "?").first }.map(String.init)
        guard let target, let address = try? EndpointAddress(target, api: api) else {
            return "write the address that it redirects to"
        }
        return "write `\(address.display)` when that is the endpoint you mean: requests are never redirected"
    }

    /// The wait that a reply asks for; nil when it names none.
    static func wait(_ headers: [String: String], now: Double) -> Duration? {
        if let milliseconds = headers["retry-after-ms"].flatMap(Double.init), milliseconds >= 0 {
            return .seconds(min(milliseconds / 1000, 1e6))
        }
        guard let text = headers["retry-after"] else { return nil }
        if let seconds = Double(text) { return seconds >= 0 ? .seconds(min(seconds, 1e6)) : nil }
        let moment = unsafe curl_getdate(text, nil)
        return moment < 0 ? nil : .seconds(min(max(0, Double(moment) - now), 1e6))
    }
}
