import CorpusKit

/// What an endpoint has made of schemas, so that it is not asked in vain again and again.
///
/// One refusal says little: it may be about this one request. A schema that is refused several times in a row, while
/// the same requests are answered without it, is not sent any more. When several schemas came to that and none was ever
/// accepted, the endpoint knows no schemas at all.
struct RefusedSchemas: Sendable {
    /// Something that is so from now on.
    enum News: Sendable, Hashable {
        /// This schema is not sent any more.
        case one
        /// No schema is.
        case all
    }

    /// So many refusals in a row end a schema.
    static let patience = 3
    /// So many schemas without one that was accepted end all.
    static let enough = 3
    /// More schemas than this are not told apart.
    private static let most = 4096

    private var refusals: [ItemKey: Int] = [:]
    private var hasAccepted = false
    private var endsAll = false

    /// Whether a schema is to be left out.
    func omits(_ schema: JSONValue) -> Bool {
        if endsAll { return true }
        // Nearly always, and then no digest need be made.
        if refusals.isEmpty { return false }
        return refusals[Self.key(schema), default: 0] >= Self.patience
    }

    /// A reply came to a request with the schema.
    mutating func accepted(_ schema: JSONValue) {
        hasAccepted = true
        if !refusals.isEmpty { refusals[Self.key(schema)] = nil }
    }

    /// A request was refused with the schema and answered without it.
    ///
    /// - Returns: What is new by that, if anything is.
    mutating func refused(_ schema: JSONValue) -> News? {
        let key = Self.key(schema)
        guard !endsAll, refusals.count < Self.most || refusals[key] != nil else { return nil }
        refusals[key, default: 0] += 1
        guard refusals[key] == Self.patience else { return nil }
        if !hasAccepted, refusals.values.count(where: { $0 >= Self.patience }) >= Self.enough {
            endsAll = true
            return .all
        }
        return .one
    }

    private static func key(_ schema: JSONValue) -> ItemKey { Digest(of: schema).key }
}
