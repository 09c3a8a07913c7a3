import Foundation

/// Text as Python's `str` sees it: a row of Unicode scalars.
enum PythonText {
    /// Whether `str.isspace()` holds.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
            0x3000:
            true
        default: false
        }
    }

    /// Whether the scalar is one of `0` to `9`.
    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { (0x30...0x39).contains(scalar.value) }

    /// Whether `repr()` shows the scalar as it is.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20..<0x7F).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    /// Equal scalars; Swift's own `==` holds composed and decomposed letters for equal, Python does not.
    static func areEqual(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

    /// The order of code points, which is that of the UTF-8 bytes.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// `needle in text`.
    static func contains(_ text: String, _ needle: String) -> Bool {
        needle.isEmpty || firstMatch(of: Array(needle.utf8), in: Array(text.utf8), from: 0) != nil
    }

    /// `text.replace(old, new, count)`; a negative count replaces all.
    ///
    /// - Throws: ``TemplateComplaint`` when the result is longer than the limit in bytes.
    static func replacing(
        _ old: String,
        with new: String,
        in text: String,
        count: Int,
        limit: Int
    ) throws(TemplateComplaint) -> String {
        var remaining = count < 0 ? Int.max : count
        var result = ""
        if old.isEmpty {
            for scalar in text.unicodeScalars {
                if remaining > 0 {
                    result += new
                    remaining -= 1
                }
                result.unicodeScalars.append(scalar)
                try TemplateLimits.check(result, limit)
            }
            if remaining > 0 { result += new }
            try TemplateLimits.check(result, limit)
            return result
        }
        let (bytes, needle) = (Array(text.utf8), Array(old.utf8))
        var index = 0
        while remaining > 0, let match = firstMatch(of: needle, in: bytes, from: index) {
            result += String(decoding: bytes[index..<match], as: UTF8.self)
            result += new
            try TemplateLimits.check(result, limit)
            index = match + needle.count
            remaining -= 1
        }
        return result + String(decoding: bytes[index...], as: UTF8.self)
    }

    private static func firstMatch(of needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + needle.count <= bytes.count {
            guard let candidate = bytes[index...].firstIndex(of: needle[0]),
                candidate + needle.count <= bytes.count
            else { return nil }
            if bytes[candidate..<candidate + needle.count].elementsEqual(needle) { return candidate }
            index = candidate + 1
        }
        return nil
    }

    /// `text.strip(characters)`; nil strips white space.
    static func stripped(_ text: String, of characters: String?) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        let isCut = { (scalar: Unicode.Scalar) in set.map { $0.contains(scalar) } ?? isSpace(scalar) }
        var rest = text.unicodeScalars[...]
        while let first = rest.first, isCut(first) { rest.removeFirst() }
        while let last = rest.last, isCut(last) { rest.removeLast() }
        return String(rest)
    }

    /// `text.splitlines()`.
    static func lines(of text: String) -> [String] {
        let scalars = text.unicodeScalars
        var lines: [String] = []
        var start = scalars.startIndex
        var followsReturn = false
        for index in scalars.indices {
            let scalar = scalars[index]
            switch scalar.value {
            case 0x0A where followsReturn: start = scalars.index(after: index)
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                lines.append(String(scalars[start..<index]))
                start = scalars.index(after: index)
            default: break
            }
            followsReturn = scalar == "\r"
        }
        if start < scalars.endIndex { lines.append(String(scalars[start...])) }
        return lines
    }

    /// `repr(value)` of a float.
    static func text(of value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        guard value != 0 else { return value.sign == .minus ? "-0.0" : "0.0" }
        // Swift's description has the shortest digits too; only their layout differs.
        let parts = value.magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(mantissa[0])
        let all = whole + (mantissa.count > 1 ? String(mantissa[1]) : "")
        let leading = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(leading))
        while digits.last == "0" { digits.removeLast() }
        // The value is 0.DIGITS times ten to the power of `point`.
        let point = whole.count - leading + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        let sign = value < 0 ? "-" : ""
        if point > 16 || point < -3 {
            let exponent = point - 1
            let tail = digits.count > 1 ? "." + digits.dropFirst() : ""
            let padding = exponent.magnitude < 10 ? "0" : ""
            return
                "\(sign)\(digits.prefix(1))\(tail)e\(exponent < 0 ? "-" : "+")\(padding)\(exponent.magnitude)"
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if digits.count <= point {
            return sign + digits + String(repeating: "0", count: point - digits.count) + ".0"
        }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// `round(value, places)` of a float: exact in decimal, halves to even.
    static func rounded(_ value: Double, places: Int) -> Double {
        Double(String(format: "%.\(places)f", value)) ?? value
    }
}
