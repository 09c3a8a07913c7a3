import CorpusDiagnostics
public import CorpusModel

/// A prompt in a strict subset of Jinja2, parsed and checked.
///
/// Known are `{{ … }}`, `if`, `for`, `set`, `include`, `raw` and comments; members, indices and slices; arithmetic,
/// `~`, comparisons, `in`, `and`, `or`, `not`, `a if c else b`; literals, a fixed list of filters and of tests.
/// What a template gives equals what Jinja2 gives under these settings, which are fixed:
///
/// ```python
/// Environment(undefined=StrictUndefined, keep_trailing_newline=False,
///             trim_blocks=True, lstrip_blocks=True, autoescape=False)
/// ```
///
/// Values print as Python prints them (`True`, `None`, `['a', 1]`); the members of an object come in the order of
/// their names. `tojson` is `json.dumps(value, sort_keys=True, ensure_ascii=False)`; unlike Jinja2's it does not
/// escape `<`, `>`, `&` and `'` for HTML.
///
/// A prompt with a hole is the most expensive fault, since it is paid for and seen late. So this is stricter than
/// Jinja2: an undefined value may only be asked about (`is defined`, `is undefined`) or replaced (`default`) and
/// ends the rendering anywhere else, also inside a list, in a `set` and before any other test. Names, filters,
/// tests and arguments are checked in the whole template, not only where it is run through. Members are only
/// data: `x.items` is the member `items`, never a method. `loop` cannot be set, words such as `not` are no names,
/// keys of mappings are strings, whole numbers have 64 bits, and text, steps and nesting are limited.
public struct PromptTemplate: Sendable {
    /// The path the template was read from.
    public let path: String
    /// The variables that rendering needs, sorted.
    public let variables: [String]
    /// The variables that the template uses when they are given, sorted: those it only asks about.
    public let optionalVariables: [String]

    private let program: TemplateProgram
    private let uses: [TemplateVariables.Use]
    private let limits: TemplateLimits

    /// Parses a template.
    ///
    /// - Parameters:
    ///   - file: The template.
    ///   - variables: The only names that may be given when rendering; nil allows any.
    ///   - include: Finds included templates by name.
    /// - Throws: ``PromptProblem``, and what `include` throws.
    public init(
        file: PluginSetup.File,
        variables: Set<String>?,
        include: (String) throws -> PluginSetup.File
    ) throws {
        try self.init(file: file, variables: variables, limits: TemplateLimits(), include: include)
    }

    init(
        file: PluginSetup.File,
        variables: Set<String>?,
        limits: TemplateLimits,
        include: (String) throws -> PluginSetup.File
    ) throws {
        let program = try TemplateProgram(file, include: include)
        let uses = try TemplateVariables.uses(in: program)
        if let variables { try Self.check(uses, of: program, against: variables) }
        path = file.path
        self.program = program
        self.uses = uses
        self.limits = limits
        self.variables = uses.filter(\.isNeeded).map { program.symbols.name(of: $0.symbol) }.sorted()
        optionalVariables = uses.filter { !$0.isNeeded }.map { program.symbols.name(of: $0.symbol) }.sorted()
    }

    /// Fills the template; an undefined variable is an error, never an empty string.
    ///
    /// - Throws: ``PromptProblem`` at the place that could not be filled, or where a limit was reached.
    public func rendered(with values: [String: JSONValue]) throws(PromptProblem) -> String {
        var renderer = TemplateRenderer(program, values: values, limits: limits)
        return try renderer.render()
    }

    /// The fault that a template has at the place that it cannot fill without a variable, if there is one.
    ///
    /// - Parameters:
    ///   - variable: The variable's name.
    ///   - code: A stable kebab-case name of the fault.
    ///   - message: One sentence without a full stop.
    ///   - hint: What to try, if anything.
    /// - Returns: The fault, or nil.
    public func problem(
        lacking variable: String,
        _ code: String,
        _ message: String,
        hint: String? = nil
    ) -> PromptProblem? {
        uses.first { $0.isNeeded && program.symbols.name(of: $0.symbol) == variable }.map {
            program.units[$0.unit].source.problem(code, message, at: $0.span, hint: hint)
        }
    }

    private static func check(
        _ uses: [TemplateVariables.Use],
        of program: TemplateProgram,
        against variables: Set<String>
    ) throws(PromptProblem) {
        for use in uses where !use.isPerhapsSet {
            let name = program.symbols.name(of: use.symbol)
            guard !variables.contains(name) else { continue }
            let known = variables.sorted().map { "`\($0)`" }.joined(separator: ", ")
            throw program.units[use.unit].source.problem(
                "undefined-variable",
                "`\(name)` is undefined",
                at: use.span,
                hint: nearestHint(for: name, among: variables)
                    ?? (variables.isEmpty
                        ? "this prompt is given no variables" : "this prompt is given \(known)")
            )
        }
    }
}
