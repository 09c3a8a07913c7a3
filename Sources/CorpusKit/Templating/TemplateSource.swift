/// A stretch of a template, in Unicode scalars from its start.
struct TemplateSpan: Sendable, Hashable {
    var start: Int
    var end: Int
}

/// The text of one template, with what it takes to say where in it a fault lies.
struct TemplateSource: Sendable {
    /// The path the text was read from.
    let path: String
    /// The text as Jinja2 reads it: every line ends in `\n`, and one line end at the very end is cut off.
    let scalars: [Unicode.Scalar]

    /// Takes over a file's text.
    ///
    /// - Throws: ``PromptProblem`` when it is not UTF-8.
    init(_ file: PluginSetup.File) throws(PromptProblem) {
        path = file.path
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw PromptProblem(
                path: file.path,
                line: Self.lineOfFirstFault(in: file.bytes),
                column: 1,
                code: "encoding",
                message: "the template is not valid UTF-8",
                hint: "save the file as UTF-8"
            )
        }
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(file.bytes.count)
        var followsReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if scalar != "\n" || !followsReturn {
                scalars.append(scalar)
            }
            followsReturn = scalar == "\r"
        }
        if scalars.last == "\n" { scalars.removeLast() }
        self.scalars = scalars
    }

    /// The text of a stretch.
    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }

    /// A problem at a stretch of this text; a stretch over several lines is cut to its first.
    func problem(
        _ code: String,
        _ message: String,
        at span: TemplateSpan,
        hint: String? = nil
    ) -> PromptProblem {
        let start = min(span.start, scalars.count)
        let lineStart = scalars[..<start].lastIndex(of: "\n").map { $0 + 1 } ?? 0
        let lineEnd = scalars[start...].firstIndex(of: "\n") ?? scalars.count
        let end = max(start, min(span.end, lineEnd))
        return PromptProblem(
            path: path,
            line: scalars[..<start].count { $0 == "\n" } + 1,
            column: text(lineStart..<start).count + 1,
            length: max(1, text(start..<end).count),
            code: code,
            message: message,
            hint: hint
        )
    }

    /// A complaint at a stretch of this text.
    func problem(_ complaint: TemplateComplaint, at span: TemplateSpan) -> PromptProblem {
        problem(complaint.code, complaint.message, at: span, hint: complaint.hint)
    }

    private static func lineOfFirstFault(in bytes: [UInt8]) -> Int {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        return (lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0) + 1
    }
}
