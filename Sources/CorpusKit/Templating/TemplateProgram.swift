/// A template with everything that it includes, parsed.
struct TemplateProgram: Sendable {
    /// One template's text and statements.
    struct Unit: Sendable {
        let source: TemplateSource
        let nodes: [TemplateNode]
        /// How deep its includes go, 1 for none.
        var height = 1
    }

    /// The template itself stands first.
    private(set) var units: [Unit] = []
    private(set) var symbols = TemplateSymbols()
    private var includes: [String: Int] = [:]

    /// Parses a template and what it includes.
    ///
    /// - Throws: ``PromptProblem``, and what `include` throws.
    init(_ file: PluginSetup.File, include: (String) throws -> PluginSetup.File) throws {
        let source = try TemplateSource(file)
        let (nodes, included) = try parse(source)
        units = [Unit(source: source, nodes: nodes)]
        units[0].height = try add(included, of: source, chain: [file.path], include: include)
    }

    /// The unit that an `include` names.
    func unit(included name: String) -> Int? { includes[name] }

    private typealias Include = (name: String, span: TemplateSpan)

    private mutating func parse(_ source: TemplateSource) throws(PromptProblem) -> ([TemplateNode], [Include])
    {
        var parser = try TemplateParser(source, symbols: symbols)
        let nodes = try parser.template()
        symbols = parser.symbols
        return (nodes, parser.includes)
    }

    /// Adds what a template includes and returns the template's height.
    private mutating func add(
        _ included: [Include],
        of source: TemplateSource,
        chain: [String],
        include: (String) throws -> PluginSetup.File
    ) throws -> Int {
        var height = 1
        for (name, span) in included {
            var index = includes[name]
            if index == nil {
                let file = try include(name)
                if chain.contains(file.path) {
                    throw source.problem(
                        "include-cycle",
                        "`\(name)` includes itself: \((chain + [file.path]).joined(separator: " → "))",
                        at: span
                    )
                }
                guard chain.count < TemplateLimits.includes else { throw tooDeep(source, span) }
                index = try addUnit(file, chain: chain, include: include)
                includes[name] = index
            }
            height = max(height, 1 + units[index ?? 0].height)
            guard chain.count - 1 + height <= TemplateLimits.includes else { throw tooDeep(source, span) }
        }
        return height
    }

    private mutating func addUnit(
        _ file: PluginSetup.File,
        chain: [String],
        include: (String) throws -> PluginSetup.File
    ) throws -> Int {
        let source = try TemplateSource(file)
        let (nodes, included) = try parse(source)
        let height = try add(included, of: source, chain: chain + [file.path], include: include)
        units.append(Unit(source: source, nodes: nodes, height: height))
        return units.count - 1
    }

    private func tooDeep(_ source: TemplateSource, _ span: TemplateSpan) -> PromptProblem {
        source.problem(
            "include-depth",
            "templates include each other more than \(TemplateLimits.includes) deep",
            at: span
        )
    }
}
