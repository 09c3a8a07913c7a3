/// One application of a filter: the value, the arguments and what the filters do with them.
struct TemplateFilterCall {
    let filter: TemplateFilter
    let value: TemplateValue
    /// One for each parameter, nil where none is given.
    let arguments: [TemplateValue?]
    /// The most bytes of a text that may come out.
    let limit: Int

    // MARK: - Reading values and arguments

    /// The filtered value as text, as `str()` gives it.
    func text() throws(TemplateComplaint) -> String { try text(of: value) }

    func text(of value: TemplateValue) throws(TemplateComplaint) -> String {
        if case .string(let text) = value { return text }
        var writer = TemplateWriter(limit: limit)
        try writer.print(value)
        return writer.text
    }

    func elements() throws(TemplateComplaint) -> [TemplateValue] {
        guard let elements = try value.elements() else { throw unfitInput("a list, a mapping or a string") }
        return elements
    }

    private func unfitInput(_ expected: String) -> TemplateComplaint {
        .unfit("`\(filter.rawValue)` needs \(expected), not \(value.kindName)")
    }

    private func unfitArgument(_ index: Int, _ expected: String) -> TemplateComplaint {
        .unfit("`\(filter.parameters[index].name)` of `\(filter.rawValue)` must be \(expected)")
    }

    private func string() throws(TemplateComplaint) -> String {
        guard case .string(let text) = value else { throw unfitInput("a string") }
        return text
    }

    private func flag(_ index: Int) -> Bool { arguments[index]?.isTrue ?? false }

    /// A whole number; nil when the argument is absent, or none where that stands for absent.
    private func whole(_ index: Int, allowsNone: Bool = false) throws(TemplateComplaint) -> Int? {
        guard let argument = arguments[index] else { return nil }
        if case .null = argument, allowsNone { return nil }
        guard let whole = argument.whole else { throw unfitArgument(index, "a whole number") }
        return whole
    }

    private func string(_ index: Int) throws(TemplateComplaint) -> String? {
        guard let argument = arguments[index] else { return nil }
        guard case .string(let text) = argument else { throw unfitArgument(index, "a string") }
        return text
    }

    // MARK: - Lists

    func length() throws(TemplateComplaint) -> Int {
        switch value {
        case .string(let text): return text.unicodeScalars.count
        case .list(let elements), .tuple(let elements): return elements.count
        case .map(let map): return map.keys.count
        case .loop(let state): return state.count
        default: throw unfitInput("a list, a mapping or a string")
        }
    }

    /// The first or last element; undefined when there is none.
    func end(isFirst: Bool) throws(TemplateComplaint) -> TemplateValue {
        let elements = try elements()
        if let element = isFirst ? elements.first : elements.last { return element }
        return .undefined(
            TemplateComplaint("undefined-variable", "`\(filter.rawValue)` finds nothing: the value is empty"),
            TemplateSpan(start: 0, end: 0)
        )
    }

    func items() throws(TemplateComplaint) -> TemplateValue {
        guard case .map(let map) = value else { throw unfitInput("a mapping") }
        return .list(zip(map.keys, map.values).map { .tuple([.string($0), $1]) })
    }

    func joined() throws(TemplateComplaint) -> String {
        let separator =
            try arguments[0].map { (value) throws(TemplateComplaint) in try text(of: value) } ?? ""
        var writer = TemplateWriter(limit: limit)
        for (index, element) in try elements().enumerated() {
            if index > 0 { try writer.append(separator) }
            try writer.print(try attribute(of: element))
        }
        return writer.text
    }

    /// What `attribute=` names in an element: steps with dots between them, numbers count from 0.
    private func attribute(of element: TemplateValue) throws(TemplateComplaint) -> TemplateValue {
        guard let argument = arguments[1] else { return element }
        if case .null = argument { return element }
        let path: [String]
        switch argument {
        case .string(let text):
            path = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        case .int(let index): path = [String(index)]
        default: throw unfitArgument(1, "a name or a number")
        }
        var value = element
        for step in path {
            let isIndex = !step.isEmpty && step.unicodeScalars.allSatisfy(PythonText.isDigit)
            let key: TemplateValue = isIndex ? .int(Int(step) ?? .max) : .string(step)
            guard let next = value.element(at: key) else {
                throw TemplateComplaint(
                    "undefined-variable",
                    "`\(step)` of an element to join is undefined",
                    hint: value.hint(forMissing: key)
                )
            }
            value = next
        }
        return value
    }

    // MARK: - Text

    func indented() throws(TemplateComplaint) -> String {
        var padding = "    "
        if case .string(let text)? = arguments[0] {
            padding = text
        } else if let width = try whole(0) {
            guard width <= limit else { throw TemplateLimits.outputLimit(limit) }
            padding = String(repeating: " ", count: max(0, width))
        }
        let isBlankIndented = flag(2)
        var writer = TemplateWriter(limit: limit)
        // The line end that is added keeps a line end of the text from vanishing.
        for (index, line) in PythonText.lines(of: try string() + "\n").enumerated() {
            if index > 0 { try writer.append("\n") }
            let isIndented = index == 0 ? flag(1) : isBlankIndented || !line.isEmpty
            if isIndented { try writer.append(padding) }
            try writer.append(line)
        }
        return writer.text
    }

    func replaced() throws(TemplateComplaint) -> String {
        guard let old = arguments[0], let new = arguments[1] else { return try text() }
        return try PythonText.replacing(
            try text(of: old),
            with: try text(of: new),
            in: try text(),
            count: try whole(2, allowsNone: true) ?? -1,
            limit: limit
        )
    }

    func trimmed() throws(TemplateComplaint) -> String {
        if case .null? = arguments[0] { return PythonText.stripped(try text(), of: nil) }
        return PythonText.stripped(try text(), of: try string(0))
    }

    func truncated() throws(TemplateComplaint) -> String {
        let text = try string()
        let length = try whole(0) ?? 255
        let ending = try string(2) ?? "..."
        let leeway = try whole(3, allowsNone: true) ?? 5
        guard length >= ending.unicodeScalars.count else {
            throw .unfit("`length` of `truncate` must be at least the length of `end`, which is added")
        }
        guard leeway >= 0 else { throw .unfit("`leeway` of `truncate` must not be negative") }
        let scalars = text.unicodeScalars
        let (longest, overflows) = length.addingReportingOverflow(leeway)
        if overflows || scalars.count <= longest { return text }
        var kept = scalars.prefix(length - ending.unicodeScalars.count)
        if !flag(1), let space = kept.lastIndex(of: " ") { kept = kept[..<space] }
        return String(kept) + ending
    }

    func json() throws(TemplateComplaint) -> String {
        let indent = try whole(0, allowsNone: true).map {
            String(repeating: " ", count: min(max(0, $0), 1000))
        }
        var writer = TemplateWriter(limit: limit)
        try writer.encode(value, indent: indent)
        return writer.text
    }

    // MARK: - Numbers

    func rounded() throws(TemplateComplaint) -> TemplateValue {
        guard let number = value.number else { throw unfitInput("a number") }
        let places = try whole(0) ?? 0
        guard (0...20).contains(places) else { throw unfitArgument(0, "a whole number from 0 to 20") }
        let method = try string(1) ?? "common"
        var power = 1.0
        for _ in 0..<places { power *= 10 }
        switch (method, number) {
        case ("common", .int(let whole)): return .int(whole)
        case ("common", .double(let real)): return .double(PythonText.rounded(real, places: places))
        case ("ceil", _), ("floor", _):
            let scaled = number.real * power
            guard scaled.isFinite else { throw .overflow }
            return .double((method == "ceil" ? scaled.rounded(.up) : scaled.rounded(.down)) / power + 0)
        default: throw unfitArgument(1, "`common`, `ceil` or `floor`")
        }
    }

    func wholeNumber() throws(TemplateComplaint) -> TemplateValue {
        switch value {
        case .bool, .int: return .int(value.whole ?? 0)
        case .largeInt: return value
        case .double(let real): return try truncated(real)
        case .string(let text):
            if let whole = try PythonText.wholeNumber(text) { return .int(whole) }
            if let real = PythonText.realNumber(text), real.isFinite { return try truncated(real) }
        default: break
        }
        return arguments[0] ?? .int(0)
    }

    private func truncated(_ real: Double) throws(TemplateComplaint) -> TemplateValue {
        if real.isNaN { return arguments[0] ?? .int(0) }
        guard let whole = Int(exactly: real.rounded(.towardZero)) else { throw .overflow }
        return .int(whole)
    }
}
