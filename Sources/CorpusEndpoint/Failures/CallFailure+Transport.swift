import CorpusKit
import Glibc

extension CallFailure {
    /// Classifies an exchange that ended without a whole reply; nil when the caller or the run was stopped.
    init?(_ failure: TransportFailure, from label: EndpointLabel, limits: HTTPRequest.Limits) {
        let address = label.address
        var code = ReasonCode.transport
        let message: String
        switch failure.kind {
        case .cancelled, .stopped: return nil
        case .badAddress:
            self.init(.never, .badAddress, "`\(address)` cannot be used as an address", stopsRun: true)
            return
        case .certificate:
            self.init(
                .never,
                .badCertificate,
                "the certificate of `\(address)` is not trusted",
                hint: "install the authority that signed it; certificates are always verified",
                stopsRun: true
            )
            return
        case .tooLarge:
            self.init(
                .never,
                .replyTooLarge,
                "the reply of `\(address)` is larger than the limit of \(limits.replyBytes) bytes",
                mayBeCharged: failure.wasSent
            )
            return
        case .unknownHost: message = "the host of `\(address)` is not known"
        case .noConnection(let number): message = "no connection to `\(address)`: \(Self.reason(number))"
        case .connectTimeout:
            code = .timeout
            message = "no connection to `\(address)` within \(limits.connect.inWords)"
        case .tls: message = "no secure connection to `\(address)`: TLS could not be agreed on"
        case .broken: message = "the connection to `\(address)` broke before the reply was whole"
        case .totalTimeout:
            code = .timeout
            message = "no whole reply from `\(address)` within \(limits.total.inWords)"
        case .beginningTimeout:
            code = .timeout
            let most = limits.beginning ?? limits.total
            message = "the reply of `\(address)` did not begin within \(most.inWords)"
        case .idleTimeout:
            code = .timeout
            message = "the reply of `\(address)` stood still for \(limits.idle.inWords)"
        case .notHTTP: message = "what answers at `\(address)` does not speak HTTP"
        case .other(let number): message = "the exchange with `\(address)` failed (libcurl \(number))"
        }
        self.init(.again(after: nil), code, message, mayBeCharged: failure.wasSent)
        // What came too late would have come in time from a server with less to do.
        showsOverload = failure.kind == .totalTimeout || failure.kind == .beginningTimeout
    }

    /// Classifies a reply of status 200 that cannot be used; it was delivered, so it may be charged for.
    init(_ fault: ReplyFault, from label: EndpointLabel, request: ModelRequest, now: Double) {
        if case .reported(let report) = fault {
            // A gateway's error in place of a reply; without a status of its own it may pass.
            self.init(report.status ?? 500, report, [:], from: label, request: request, now: now)
            mayBeCharged = true
            return
        }
        self.init(
            .again(after: nil),
            .badReply,
            "the endpoint `\(label.address)` answered with \(fault.message)",
            hint: fault == .webPage ? "check the address: something else may answer there" : nil,
            // Who shows a web page has asked no model.
            mayBeCharged: fault != .webPage
        )
    }

    private static func reason(_ number: Int32) -> String {
        switch number {
        case ECONNREFUSED: "connection refused"
        case EHOSTUNREACH, ENETUNREACH: "no route to the host"
        default: "it cannot be opened"
        }
    }
}
