/// What one template may take, so that a prompt that went wrong ends with a problem instead of a dead run.
struct TemplateLimits: Sendable, Hashable {
    /// Statements and parts of expressions that one rendering may evaluate.
    var steps = 1_000_000
    /// Bytes of the output, and of every text and list that is made on the way.
    var bytes = 16 << 20
    /// How many elements a list that is made or walked through may have.
    static let elements = 1_000_000
    /// How deep expressions and blocks may nest.
    static let nesting = 100
    /// How deep templates may include each other.
    static let includes = 16
    /// How deep a value may nest that is printed or compared: above what JSON is read to, far below the stack.
    static let valueNesting = 600

    static let valueTooDeep = TemplateComplaint("nesting", "the value nests deeper than \(valueNesting)")

    static func check(_ text: String, _ limit: Int) throws(TemplateComplaint) {
        if text.utf8.count > limit { throw outputLimit(limit) }
    }

    static func check(elements count: Int) throws(TemplateComplaint) {
        guard count > elements else { return }
        throw TemplateComplaint("output-limit", "a list of more than \(elements) elements is too long")
    }

    static func outputLimit(_ limit: Int) -> TemplateComplaint {
        TemplateComplaint(
            "output-limit",
            "the template makes more than \(limit) bytes",
            hint: "shorten the values that go into it"
        )
    }

    static func stepLimit(_ limit: Int) -> TemplateComplaint {
        TemplateComplaint(
            "step-limit",
            "the template takes more than \(limit) steps",
            hint: "shorten the lists it walks through"
        )
    }
}

extension TemplateComplaint {
    /// A whole number left the 64 bits that it has here.
    static var overflow: TemplateComplaint {
        TemplateComplaint("overflow", "the number does not fit in 64 bits")
    }
}
