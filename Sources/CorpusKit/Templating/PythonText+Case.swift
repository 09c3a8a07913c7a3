extension PythonText {
    /// `text.upper()`.
    static func uppercased(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += $1.properties.uppercaseMapping }
    }

    /// `text.lower()`, with the sigma that ends a word written as one.
    static func lowercased(_ text: String) -> String {
        guard text.unicodeScalars.contains("Σ") else {
            return text.unicodeScalars.reduce(into: "") { $0 += $1.properties.lowercaseMapping }
        }
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            if scalar == "Σ" {
                let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
                let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
                let endsWord = before?.properties.isCased == true && after?.properties.isCased != true
                result += endsWord ? "ς" : "σ"
            } else {
                result += scalar.properties.lowercaseMapping
            }
        }
        return result
    }

    /// `text.capitalize()`.
    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return "" }
        // The whole text is lowered first: whether a sigma ends its word depends on what stands before it.
        let rest = lowercased(text).unicodeScalars.dropFirst(
            first.properties.lowercaseMapping.unicodeScalars.count
        )
        return first.properties.titlecaseMapping + String(rest)
    }

    /// The `title` filter: words begin after white space, `-` and opening brackets.
    static func titled(_ text: String) -> String {
        var result = ""
        var word = String.UnicodeScalarView()
        var isGap = false
        func close() {
            guard let first = word.first else { return }
            result += first.properties.uppercaseMapping + lowercased(String(word.dropFirst()))
            word = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            let isGapNow = isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar)
            if isGapNow != isGap { close() }
            isGap = isGapNow
            word.append(scalar)
        }
        close()
        return result
    }

    /// `int(text)`, or nil where Python raises.
    ///
    /// - Throws: ``TemplateComplaint`` when the number is too large for 64 bits.
    static func wholeNumber(_ text: String) throws(TemplateComplaint) -> Int? {
        let (sign, digits) = signed(text)
        guard !digits.isEmpty, let plain = withoutUnderscores(digits), plain.allSatisfy(isDigit) else {
            return nil
        }
        guard let value = Int(sign + String(plain)) else { throw .overflow }
        return value
    }

    /// `float(text)`, or nil where Python raises.
    static func realNumber(_ text: String) -> Double? {
        let (sign, digits) = signed(text)
        let isNegative = sign == "-"
        switch String(digits).lowercased() {
        case "inf", "infinity": return isNegative ? -.infinity : .infinity
        case "nan": return .nan
        default: break
        }
        guard let plain = withoutUnderscores(digits) else { return nil }
        var rest = plain[...]
        var count = 0
        func skipDigits() {
            while let first = rest.first, isDigit(first) {
                rest.removeFirst()
                count += 1
            }
        }
        skipDigits()
        if rest.first == "." {
            rest.removeFirst()
            skipDigits()
        }
        guard count > 0 else { return nil }
        if rest.first == "e" || rest.first == "E" {
            rest.removeFirst()
            if rest.first == "+" || rest.first == "-" { rest.removeFirst() }
            count = 0
            skipDigits()
            guard count > 0 else { return nil }
        }
        guard rest.isEmpty else { return nil }
        return Double(sign + String(plain))
    }

    private static func signed(_ text: String) -> (sign: String, digits: String.UnicodeScalarView) {
        let text = stripped(text, of: nil).unicodeScalars
        guard let first = text.first, first == "+" || first == "-" else { return ("", text) }
        return (String(first), String.UnicodeScalarView(text.dropFirst()))
    }

    /// Takes underscores out, or returns nil where one does not stand between two digits.
    private static func withoutUnderscores(_ text: String.UnicodeScalarView) -> String.UnicodeScalarView? {
        let scalars = Array(text)
        for (index, scalar) in scalars.enumerated() where scalar == "_" {
            guard index > 0, index + 1 < scalars.count, isDigit(scalars[index - 1]),
                isDigit(scalars[index + 1])
            else { return nil }
        }
        return String.UnicodeScalarView(scalars.filter { $0 != "_" })
    }
}
