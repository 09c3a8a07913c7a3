extension TemplateLexer {
    /// Cuts one name, number, string or mark at the index.
    mutating func cutWord() throws(PromptProblem) {
        let first = scalars[index]
        let start = index
        if PythonText.isDigit(first) {
            try cutNumber()
        } else if first == "\"" || first == "'" {
            try cutString(quote: first)
        } else if first == "_" || first.properties.isXIDStart {
            while index < scalars.count, scalars[index].properties.isXIDContinue { index += 1 }
            add(.name(source.text(start..<index)), from: start)
        } else if let mark = TemplateToken.Mark.allCases.first(where: { isAt($0.rawValue, start) }) {
            index += mark.rawValue.count
            add(.mark(mark), from: start)
        } else {
            throw fault(
                "unexpected character `\(first)`",
                at: TemplateSpan(start: start, end: start + 1)
            )
        }
    }

    /// The end of a run of digits with single underscores between them.
    private func endOfDigits(from start: Int, _ isDigit: (Unicode.Scalar) -> Bool = PythonText.isDigit) -> Int
    {
        var position = start
        while position < scalars.count {
            if isDigit(scalars[position]) {
                position += 1
            } else if scalars[position] == "_", position > start, position + 1 < scalars.count,
                isDigit(scalars[position + 1])
            {
                position += 2
            } else {
                break
            }
        }
        return position
    }

    private mutating func cutNumber() throws(PromptProblem) {
        let start = index
        let whole = endOfDigits(from: start)
        var end = whole
        // After a dot only a whole number can stand, so that `a.0.1` reads as two steps.
        if start == 0 || scalars[start - 1] != "." {
            if isAt(".", whole), endOfDigits(from: whole + 1) > whole + 1 {
                end = endOfDigits(from: whole + 1)
            }
            if isAt("e", end) || isAt("E", end) {
                let exponent = end + (isAt("+", end + 1) || isAt("-", end + 1) ? 2 : 1)
                if endOfDigits(from: exponent) > exponent { end = endOfDigits(from: exponent) }
            }
        }
        guard end == whole else {
            index = end
            let digits = source.text(start..<end).replacing("_", with: "")
            return add(.double(Double(digits) ?? .infinity), from: start)
        }
        try cutWholeNumber(endingBy: whole)
    }

    private mutating func cutWholeNumber(endingBy whole: Int) throws(PromptProblem) {
        let start = index
        var digits = start
        var radix = 10
        if scalars[start] == "0", start + 1 < scalars.count {
            switch scalars[start + 1] {
            case "b", "B": radix = 2
            case "o", "O": radix = 8
            case "x", "X": radix = 16
            default: break
            }
        }
        index = whole
        if radix != 10 {
            // One underscore may stand between prefix and digits.
            digits = start + (isAt("_", start + 2) ? 3 : 2)
            let end = endOfDigits(from: digits) { scalar in
                scalar.isASCII && Int(String(Character(scalar)), radix: radix) != nil
            }
            if end > digits { index = end } else { (radix, digits) = (10, start) }
        }
        if radix == 10, scalars[start] == "0" {
            index = endOfDigits(from: start) { $0 == "0" }
        }
        let text = source.text(digits..<index).replacing("_", with: "")
        guard let value = Int(text, radix: radix) else {
            throw source.problem(
                "overflow",
                "the number is larger than \(Int.max)",
                at: TemplateSpan(start: start, end: index)
            )
        }
        add(.int(value), from: start)
    }

    private mutating func cutString(quote: Unicode.Scalar) throws(PromptProblem) {
        let start = index
        var text = String.UnicodeScalarView()
        index += 1
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            if scalar == quote { return add(.string(String(text)), from: start) }
            if scalar == "\\" { try unescape(into: &text) } else { text.append(scalar) }
        }
        throw fault(
            "the string is never closed",
            at: TemplateSpan(start: start, end: start + 1),
            hint: "close it with `\(quote)`"
        )
    }

    /// Reads what follows a backslash, by the rules of a Python string; unknown escapes stay as they are.
    private mutating func unescape(into text: inout String.UnicodeScalarView) throws(PromptProblem) {
        let start = index - 1
        guard index < scalars.count else { return }
        let scalar = scalars[index]
        index += 1
        switch scalar {
        case "\n": break
        case "\\", "'", "\"": text.append(scalar)
        case "a": text.append("\u{7}")
        case "b": text.append("\u{8}")
        case "f": text.append("\u{C}")
        case "n": text.append("\n")
        case "r": text.append("\r")
        case "t": text.append("\t")
        case "v": text.append("\u{B}")
        case "0"..."7":
            var value = scalar.value - 0x30
            for _ in 0..<2 {
                guard index < scalars.count, ("0"..."7").contains(scalars[index]) else { break }
                value = value * 8 + scalars[index].value - 0x30
                index += 1
            }
            if let decoded = Unicode.Scalar(value) { text.append(decoded) }
        case "x": text.append(try hexadecimal(digits: 2, from: start))
        case "u": text.append(try hexadecimal(digits: 4, from: start))
        case "U": text.append(try hexadecimal(digits: 8, from: start))
        case "N":
            throw source.problem(
                "unsupported",
                "character names are not supported",
                at: TemplateSpan(start: start, end: index),
                hint: "write the character itself or `\\uXXXX`"
            )
        default:
            text.append("\\")
            text.append(scalar)
        }
    }

    private mutating func hexadecimal(digits: Int, from start: Int) throws(PromptProblem) -> Unicode.Scalar {
        let end = min(index + digits, scalars.count)
        let text = source.text(index..<end)
        guard text.count == digits, text.allSatisfy(\.isHexDigit), let value = UInt32(text, radix: 16),
            let scalar = Unicode.Scalar(value)
        else {
            throw fault(
                "the escape is no character",
                at: TemplateSpan(start: start, end: end),
                hint: "\(digits) hexadecimal digits must follow"
            )
        }
        index = end
        return scalar
    }
}
