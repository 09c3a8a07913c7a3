import CorpusDiagnostics

extension TemplateValue {
    /// `self[key]`, or nil where Python raises and Jinja2 answers with an undefined value.
    func element(at key: TemplateValue) -> TemplateValue? {
        switch (self, key) {
        case (.map(let map), .string(let name)): return map[name]
        case (.loop(let state), .string(let name)): return state.value(of: name)
        case (.list(let elements), _), (.tuple(let elements), _):
            return key.whole.flatMap { Self.position($0, among: elements.count) }.map { elements[$0] }
        case (.string(let text), _):
            let scalars = Array(text.unicodeScalars)
            return key.whole.flatMap { Self.position($0, among: scalars.count) }.map {
                .string(String(scalars[$0]))
            }
        default: return nil
        }
    }

    /// What to try when an element is missing.
    func hint(forMissing key: TemplateValue) -> String? {
        switch (self, key) {
        case (.map(let map), .string(let name)):
            if let near = nearestHint(for: name, among: map.keys) { return near }
            return ["items", "keys", "values"].contains(name) ? "values have no methods: write `|items`" : nil
        case (.loop, .string(let name)): return nearestHint(for: name, among: LoopState.fields)
        case (.list(let elements), .int), (.tuple(let elements), .int):
            return "it has \(elements.count) elements"
        case (.list, .string), (.tuple, .string): return "it is a list: take an element first, such as `[0]`"
        case (.map, _), (.loop, _): return nil
        default: return "it is \(kindName)"
        }
    }

    private static func position(_ index: Int, among count: Int) -> Int? {
        let position = index < 0 ? index + count : index
        return (0..<count).contains(position) ? position : nil
    }

    /// `self[start:stop:step]`.
    ///
    /// - Throws: ``TemplateComplaint`` when the value or a bound does not fit.
    func slice(
        from start: TemplateValue,
        to stop: TemplateValue,
        by step: TemplateValue
    ) throws(TemplateComplaint) -> TemplateValue {
        let step = try Self.bound(step) ?? 1
        guard step != 0 else { throw .unfit("the step of a slice must not be 0") }
        let (start, stop) = (try Self.bound(start), try Self.bound(stop))
        switch self {
        case .list(let elements): return .list(Self.slice(elements, start, stop, step))
        case .tuple(let elements): return .tuple(Self.slice(elements, start, stop, step))
        case .string(let text):
            return .string(
                String(String.UnicodeScalarView(Self.slice(Array(text.unicodeScalars), start, stop, step)))
            )
        default: throw .unfit("a slice needs a list or a string, not \(kindName)")
        }
    }

    private static func bound(_ value: TemplateValue) throws(TemplateComplaint) -> Int? {
        if case .null = value { return nil }
        guard let whole = value.whole else {
            throw .unfit("the bounds of a slice must be whole numbers, not \(value.kindName)")
        }
        return whole
    }

    private static func slice<Element>(_ elements: [Element], _ start: Int?, _ stop: Int?, _ step: Int)
        -> [Element]
    {
        let count = elements.count
        // Bounds are clipped to what can be stepped on: 0...count forwards, -1...count-1 backwards.
        let (low, high) = step > 0 ? (0, count) : (-1, count - 1)
        func clipped(_ bound: Int?, or absent: Int) -> Int {
            guard let bound else { return absent }
            return min(max(bound < 0 ? max(bound, -count - 1) + count : bound, low), high)
        }
        let first = clipped(start, or: step > 0 ? low : high)
        let end = clipped(stop, or: step > 0 ? high : low)
        // A longer step than the elements reaches no second one, and would overflow below.
        let stride = min(max(step, -count - 1), count + 1)
        return Swift.stride(from: first, to: end, by: stride).map { elements[$0] }
    }
}
