/// The filters that templates may use.
enum TemplateFilter: String, Sendable, CaseIterable {
    case capitalize
    case `default`
    case first
    case indent
    case int
    case items
    case join
    case last
    case length
    case list
    case lower
    case replace
    case round
    case string
    case title
    case tojson
    case trim
    case truncate
    case upper

    /// One of a filter's parameters.
    struct Parameter: Sendable, Hashable {
        let name: String
        var isRequired = false
    }

    /// Other names that Jinja2 has for the filters.
    static let aliases: [String: TemplateFilter] = ["count": .length, "d": .default]

    /// Every name under which a filter can be called.
    static var names: [String] { allCases.map(\.rawValue) + aliases.keys.sorted() }

    /// The filter of a name.
    init?(name: String) {
        guard let filter = TemplateFilter(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = filter
    }

    /// The parameters after the filtered value, in the order in which they can be given without a name.
    var parameters: [Parameter] {
        switch self {
        case .default: [Parameter(name: "default_value"), Parameter(name: "boolean")]
        case .indent: [Parameter(name: "width"), Parameter(name: "first"), Parameter(name: "blank")]
        case .int: [Parameter(name: "default")]
        case .join: [Parameter(name: "d"), Parameter(name: "attribute")]
        case .replace:
            [
                Parameter(name: "old", isRequired: true), Parameter(name: "new", isRequired: true),
                Parameter(name: "count"),
            ]
        case .round: [Parameter(name: "precision"), Parameter(name: "method")]
        case .tojson: [Parameter(name: "indent")]
        case .trim: [Parameter(name: "chars")]
        case .truncate:
            [
                Parameter(name: "length"), Parameter(name: "killwords"), Parameter(name: "end"),
                Parameter(name: "leeway"),
            ]
        case .capitalize, .first, .items, .last, .length, .list, .lower, .string, .title, .upper: []
        }
    }

    /// Filters a value.
    ///
    /// `default` is not applied here: it alone takes undefined values.
    ///
    /// - Parameters:
    ///   - value: What stands before the `|`.
    ///   - arguments: One for each parameter, nil where none is given.
    ///   - limit: The most bytes of a text that may come out.
    /// - Returns: The filtered value, undefined where `first` and `last` find nothing.
    /// - Throws: ``TemplateComplaint`` when a value does not fit.
    func apply(
        to value: TemplateValue,
        _ arguments: [TemplateValue?],
        limit: Int
    ) throws(TemplateComplaint) -> TemplateValue {
        let call = TemplateFilterCall(filter: self, value: value, arguments: arguments, limit: limit)
        switch self {
        case .capitalize: return .string(PythonText.capitalized(try call.text()))
        case .default: return value
        case .first: return try call.end(isFirst: true)
        case .indent: return .string(try call.indented())
        case .int: return try call.wholeNumber()
        case .items: return try call.items()
        case .join: return .string(try call.joined())
        case .last: return try call.end(isFirst: false)
        case .length: return .int(try call.length())
        case .list: return .list(try call.elements())
        case .lower: return .string(PythonText.lowercased(try call.text()))
        case .replace: return .string(try call.replaced())
        case .round: return try call.rounded()
        case .string: return .string(try call.text())
        case .title: return .string(PythonText.titled(try call.text()))
        case .tojson: return .string(try call.json())
        case .trim: return .string(try call.trimmed())
        case .truncate: return .string(try call.truncated())
        case .upper: return .string(PythonText.uppercased(try call.text()))
        }
    }
}
