/// Writes values as Python prints them, within a limit.
struct TemplateWriter {
    private(set) var text = ""
    /// The most bytes that may be written.
    let limit: Int
    private var depth = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ piece: String) throws(TemplateComplaint) {
        text += piece
        try TemplateLimits.check(text, limit)
    }

    /// `str(value)`.
    mutating func print(_ value: TemplateValue) throws(TemplateComplaint) {
        if case .string(let piece) = value { try append(piece) } else { try represent(value) }
    }

    /// `repr(value)`.
    mutating func represent(_ value: TemplateValue) throws(TemplateComplaint) {
        switch value {
        case .null: try append("None")
        case .bool(let value): try append(value ? "True" : "False")
        case .int(let value): try append(String(value))
        case .largeInt(let value): try append(value.description)
        case .double(let value): try append(PythonText.text(of: value))
        case .string(let value): try representString(value)
        case .list(let elements):
            try representAll(elements, "[", "]")
        case .tuple(let elements):
            try representAll(elements, "(", elements.count == 1 ? ",)" : ")")
        case .map(let map):
            try nest()
            try append("{")
            for (index, key) in map.keys.enumerated() {
                if index > 0 { try append(", ") }
                try representString(key)
                try append(": ")
                try represent(map.values[index])
            }
            try append("}")
            depth -= 1
        case .loop:
            throw .unfit("`loop` cannot be printed", hint: "print one of its fields, such as `loop.index`")
        case .omitted: break
        case .undefined(let complaint, _): throw complaint
        }
    }

    private mutating func representAll(
        _ elements: [TemplateValue],
        _ open: String,
        _ close: String
    ) throws(TemplateComplaint) {
        try nest()
        try append(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { try append(", ") }
            try represent(element)
        }
        try append(close)
        depth -= 1
    }

    private mutating func nest() throws(TemplateComplaint) {
        depth += 1
        guard depth <= TemplateLimits.valueNesting else { throw TemplateLimits.valueTooDeep }
    }

    private mutating func representString(_ value: String) throws(TemplateComplaint) {
        let scalars = value.unicodeScalars
        let quote = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        var piece = quote
        for scalar in scalars {
            switch scalar {
            case "\\": piece += "\\\\"
            case "\n": piece += "\\n"
            case "\r": piece += "\\r"
            case "\t": piece += "\\t"
            case "'" where quote == "'": piece += "\\'"
            case _ where PythonText.isPrintable(scalar): piece.unicodeScalars.append(scalar)
            default: piece += Self.escape(scalar)
            }
        }
        try append(piece + quote)
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: width - digits.count) + digits
    }

    /// `json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent)`.
    mutating func encode(
        _ value: TemplateValue,
        indent: String? = nil,
        level: String = "\n"
    ) throws(TemplateComplaint) {
        switch value {
        case .null: try append("null")
        case .bool(let value): try append(value ? "true" : "false")
        case .int(let value): try append(String(value))
        case .largeInt(let value): try append(value.description)
        case .double(let value):
            let words = ["inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"]
            let text = PythonText.text(of: value)
            try append(words[text, default: text])
        case .string(let value): try encodeString(value)
        case .list(let elements), .tuple(let elements):
            try encodeAll(elements, keys: nil, "[", "]", indent: indent, level: level)
        case .map(let map):
            let members = zip(map.keys, map.values).sorted { PythonText.precedes($0.0, $1.0) }
            try encodeAll(members.map(\.1), keys: members.map(\.0), "{", "}", indent: indent, level: level)
        case .loop, .omitted, .undefined: throw .unfit("`tojson` cannot encode \(value.kindName)")
        }
    }

    private mutating func encodeAll(
        _ elements: [TemplateValue],
        keys: [String]?,
        _ open: String,
        _ close: String,
        indent: String?,
        level: String
    ) throws(TemplateComplaint) {
        guard !elements.isEmpty else { return try append(open + close) }
        try nest()
        let inner = indent.map { level + $0 }
        try append(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { try append(inner == nil ? ", " : ",") }
            if let inner { try append(inner) }
            if let keys {
                try encodeString(keys[index])
                try append(": ")
            }
            try encode(element, indent: indent, level: inner ?? level)
        }
        if indent != nil { try append(level) }
        try append(close)
        depth -= 1
    }

    private mutating func encodeString(_ value: String) throws(TemplateComplaint) {
        var piece = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": piece += "\\\""
            case "\\": piece += "\\\\"
            case "\n": piece += "\\n"
            case "\r": piece += "\\r"
            case "\t": piece += "\\t"
            case "\u{8}": piece += "\\b"
            case "\u{C}": piece += "\\f"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                piece += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: piece.unicodeScalars.append(scalar)
            }
        }
        try append(piece + "\"")
    }
}
