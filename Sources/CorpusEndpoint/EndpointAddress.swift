package import CorpusKit
import Foundation
import Glibc

/// Where an endpoint is: its base URL, checked and split.
package struct EndpointAddress: Sendable, Hashable {
    /// The base URL as messages show it: without query, without a final slash.
    package let display: String
    /// Whether only this machine can be meant.
    package let isLoopback: Bool
    /// Whether the connection is encrypted.
    package let isEncrypted: Bool
    /// Sent with every request, and shown in no message.
    private let query: String?

    /// Reads a base URL, with or without its version and a final slash; the address of requests is understood as well.
    ///
    /// A path without any version (`v1`, `v1beta`, …) gets the API's usual one. A query is kept behind joined paths.
    ///
    /// - Throws: ``WorkFailure`` with `bad-address` when it is no absolute `http` or `https` URL, or carries
    ///   credentials.
    package init(_ text: String, api: EndpointAPI = .openai) throws(WorkFailure) {
        guard let parts = Self.parts(of: text), let host = parts.percentEncodedHost, !host.isEmpty,
            let scheme = parts.scheme?.lowercased(), scheme == "http" || scheme == "https"
        else {
            throw Self.refusal(
                "an endpoint's address must be an `http` or `https` URL",
                "http://127.0.0.1:8000/v1"
            )
        }
        guard parts.user == nil, parts.password == nil else {
            throw Self.refusal("an endpoint's address must not carry credentials", "key: { env: MY_KEY }")
        }
        var path = parts.percentEncodedPath.split(separator: "/").map(String.init)
        Self.removeRequest(from: &path, api)
        if !path.contains(where: Self.isVersion) { path.append(api == .gemini ? "v1beta" : "v1") }
        let root = "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
        display = root + "/" + path.joined(separator: "/")
        query = parts.percentEncodedQuery
        isLoopback = Self.isLoopback(text)
        isEncrypted = scheme == "https"
    }

    /// The URL of a path under the base, with a further query behind the address's own.
    func url(_ path: String, query further: String? = nil) -> String {
        let queries = [query, further].compactMap(\.self).filter { !$0.isEmpty }
        return display + path + (queries.isEmpty ? "" : "?" + queries.joined(separator: "&"))
    }

    /// A name as a part of a path: nothing in it can end the part.
    func component(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~")))
            ?? ""
    }

    /// Takes the end off that only requests have.
    private static func removeRequest(from path: inout [String], _ api: EndpointAPI) {
        if api == .gemini {
            if path.last?.contains(":") == true, path.dropLast().last == "models" { path.removeLast(2) }
            return
        }
        let end = api.requestPath.split(separator: "/").map(String.init)
        if path.suffix(end.count) == end[...] { path.removeLast(end.count) }
    }

    /// Whether a URL's host can only be this machine: `localhost`, `127.0.0.0/8` in full, or `::1`.
    ///
    /// Strict on purpose: a short or exotic spelling, a host name that merely resolves to the loopback, and
    /// any address with credentials are not.
    package static func isLoopback(_ url: String) -> Bool {
        guard let parts = parts(of: url), parts.user == nil, parts.password == nil,
            let host = parts.percentEncodedHost?.lowercased()
        else { return false }
        if host == "localhost" || host == "localhost." { return true }
        if host.hasPrefix("["), host.hasSuffix("]") {
            return isLoopbackV6(String(host.dropFirst().dropLast()))
        }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127"
            && numbers.allSatisfy { number in
                number.allSatisfy(\.isASCII) && UInt8(number).map { String($0) == number } ?? false
            }
    }

    private static func isLoopbackV6(_ host: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(AF_INET6, host, &bytes) == 1 else { return false }
        let mapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        if mapped { return bytes[12] == 127 }
        return bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// What URL readers disagree about is refused: no reader may see another host than the next one.
    private static func parts(of text: String) -> URLComponents? {
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }
        guard isPlain, let parts = URLComponents(string: text) else { return nil }
        guard parts.percentEncodedHost?.contains("%") != true else { return nil }
        return parts
    }

    private static func isVersion(_ component: String) -> Bool {
        let rest = component.dropFirst()
        return component.first == "v" && rest.first?.isNumber == true
            && rest.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    private static func refusal(_ message: String, _ example: String) -> WorkFailure {
        WorkFailure("bad-address", message, hint: "write for example `\(example)`", stopsRun: true)
    }
}

extension EndpointAPI {
    /// Where requests go, behind the base.
    var requestPath: String {
        switch self {
        case .openai: "/chat/completions"
        case .openaiCompletions: "/completions"
        case .openaiResponses: "/responses"
        case .anthropic: "/messages"
        case .gemini: "/models/MODEL:generateContent"
        case .openaiEmbeddings: "/embeddings"
        }
    }
}
