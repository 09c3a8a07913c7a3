/// One event of a stream that a server sends.
struct ServerEvent: Sendable, Hashable {
    /// What the server calls it; nil when it has no name.
    var name: String?
    /// Its data, lines joined by line feeds.
    var data: [UInt8]
}

/// Cuts the bytes of a `text/event-stream` into events, whatever pieces they arrive in.
///
/// It follows WHATWG's HTML standard (Server-sent events, "Interpreting an event stream"), with one leniency: an
/// event that the end of the stream cuts off from its empty line counts, since some servers leave that line out.
struct ServerEventReader: Sendable {
    /// The most bytes of a line, and of an event's data.
    private let limitBytes: Int
    private var line: [UInt8] = []
    private var name: String?
    private var data: [UInt8]?
    /// A line feed that comes next belongs to a line end that was seen already.
    private var skipsLineFeed = false
    private var isFirstLine = true

    init(limitBytes: Int) { self.limitBytes = limitBytes }

    /// Takes the next bytes.
    ///
    /// - Parameter bytes: As many as there are.
    /// - Returns: The events that are complete with them, in order.
    /// - Throws: ``ReplyFault/endlessLine(bytes:)`` when a line or an event outgrows the limit.
    mutating func events(in bytes: some Sequence<UInt8>) throws(ReplyFault) -> [ServerEvent] {
        var events: [ServerEvent] = []
        for byte in bytes {
            let skips = skipsLineFeed
            skipsLineFeed = byte == 0x0D
            switch byte {
            case 0x0A where skips: break
            case 0x0A, 0x0D: if let event = try endLine() { events.append(event) }
            default:
                guard line.count < limitBytes else { throw .endlessLine(bytes: line.count) }
                line.append(byte)
            }
        }
        return events
    }

    /// The event that the end of the stream completes, if there is one.
    mutating func end() throws(ReplyFault) -> ServerEvent? {
        if !line.isEmpty, let event = try endLine() { return event }
        return endEvent()
    }

    private mutating func endLine() throws(ReplyFault) -> ServerEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == 0x20 { value.removeFirst() }
        // Comments have no field's name; ids and the like are nobody's business here.
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": name = String(decoding: value, as: UTF8.self)
        case "data":
            let size = (data?.count ?? -1) + 1 + value.count
            guard size <= limitBytes else { throw .endlessLine(bytes: size) }
            if data == nil { data = [] } else { data?.append(0x0A) }
            data?.append(contentsOf: value)
        default: break
        }
        return nil
    }

    private mutating func endEvent() -> ServerEvent? {
        defer { (name, data) = (nil, nil) }
        return data.map { ServerEvent(name: name, data: $0) }
    }
}
