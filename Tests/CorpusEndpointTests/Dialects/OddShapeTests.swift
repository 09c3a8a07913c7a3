import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Odd shapes")
struct OddShapeTests {
    @Test(
        "Whatever stands in the place of any value, a body gives a reply or a fault",
        arguments: SpokenReply.all
    )
    func bodies(row: SpokenReply) throws {
        let dialect = try dialect(row.api)
        var replies = 0
        var faults = 0
        for odd in try JSONValue(parsing: row.json).oddities {
            do {
                for reply in try dialect.replies(in: odd, to: row.request) {
                    replies += 1
                    #expect(reply.finish != .toolCalls || !reply.toolCalls.isEmpty)
                    #expect(reply.usage.map { $0.input >= $0.cachedInput && $0.output >= 0 } ?? true)
                }
            } catch {
                faults += 1
            }
        }
        #expect(replies > 0 && faults > 0)
    }

    @Test(
        "Whatever stands in the place of any value, an event is taken or a fault",
        arguments: EndpointAPI.speaking
    )
    func events(api: EndpointAPI) throws {
        var random = RandomStream(seed: 3, purpose: ["odd", api.rawValue])
        let spoken = RandomReply(api, &random)
        var reader = ServerEventReader(limitBytes: 1 << 20)
        let events = try reader.events(in: Array(spoken.stream(&random).utf8))
        var stream = try dialect(api).stream()
        var outcomes: Set<Bool> = []
        for event in events {
            for odd in (try? JSONValue(parsing: event.data).oddities) ?? [] {
                var other = stream
                do {
                    try other.take(ServerEvent(data: Array(odd.canonical.utf8)))
                    for event in events { try other.take(event) }
                    if let body = other.body() { _ = try dialect(api).replies(in: body, to: spoken.request) }
                    outcomes.insert(true)
                } catch is ReplyFault {
                    outcomes.insert(false)
                }
            }
            try stream.take(event)
        }
        #expect(outcomes == [true, false])
    }
}

extension JSONValue {
    /// The value with one of its values replaced, left out or said twice, in every way.
    fileprivate var oddities: [JSONValue] {
        var oddities: [JSONValue] = [.null, true, 7, -1, 0.5, "odd", [], [[]], [:], ["odd": [:]]]
        switch self {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                oddities += element.oddities.map { odd in
                    var others = elements
                    others[index] = odd
                    return .array(others)
                }
            }
            oddities.append(.array(elements + elements))
        case .object(let members):
            for (name, member) in members {
                oddities += member.oddities.map { .object(members.merging([name: $0]) { $1 }) }
                oddities.append(.object(members.filter { $0.key != name }))
            }
        default: break
        }
        return oddities
    }
}
