import CorpusKit
import Foundation

/// Anthropic's message batches: the requests go up with the batch.
///
/// A batch has no place for a name of ours. One whose creation was not confirmed is known by its number of rows and
/// its time, and for certain by its results.
struct AnthropicBatches: BatchDialect {
    let maxRows = 100_000
    let maxBytes = 250_000_000
    let daysOfResults = 28
    private let address: EndpointAddress

    init(_ address: EndpointAddress) { self.address = address }

    func upload(_ rows: [BatchLine], tag: String) -> BatchPost? { nil }

    func file(in body: JSONValue) -> String? { nil }

    func creation(_ rows: [BatchLine], file: String?, tag: String) -> BatchPost {
        var body = Array("{\"requests\":[".utf8)
        body.reserveCapacity(rows.reduce(64) { $0 + $1.body.count + 80 })
        for (index, row) in rows.enumerated() {
            body += Array("\(index == 0 ? "" : ",")\n{\"custom_id\":\"\(row.key)\",\"params\":".utf8)
            body += row.body
            body += Array("}".utf8)
        }
        body += Array("]}".utf8)
        return BatchPost(url: address.url("/messages/batches"), contentType: "application/json", body: body)
    }

    func url(of id: String) -> String { address.url("/messages/batches/" + address.component(id)) }

    func listURL(after id: String?) -> String {
        let further = id.map { "&after_id=" + address.component($0) } ?? ""
        return address.url("/messages/batches", query: "limit=100" + further)
    }

    func state(in body: JSONValue) -> BatchState? {
        guard let id = body["id"]?.text, let status = body["processing_status"]?.text else { return nil }
        let counts = body["request_counts"]?.members ?? [:]
        let phase: BatchState.Phase
        if status != "ended" {
            phase = .running
        } else if body["archived_at"]?.text != nil {
            phase = .gone
        } else {
            // Where the results are is known; an address that the reply names would get our key.
            phase = .ended([address.url("/messages/batches/\(address.component(id))/results")])
        }
        return BatchState(
            id: id,
            phase: phase,
            createdAt: body["created_at"]?.text.flatMap(Self.seconds),
            rows: counts.values.compactMap(\.whole).reduce(0, +)
        )
    }

    /// Seconds since 1970 of a moment in RFC 3339; fractions are left out.
    private static func seconds(_ text: String) -> Double? {
        let whole = text.replacing(/\.\d+/, with: "")
        return (try? Date(whole, strategy: .iso8601))?.timeIntervalSince1970
    }

    func likeness(of state: BatchState, to batch: BatchRecord) -> BatchLikeness {
        // Its clock and ours may differ.
        guard state.rows == batch.rows.count, let created = state.createdAt, created > batch.madeAt - 3600
        else { return .other }
        return .possible
    }

    func answer(in line: JSONValue) -> (key: String, answer: RowAnswer)? {
        guard let key = line["custom_id"]?.text, let result = line["result"] else { return nil }
        switch result["type"]?.text {
        case "succeeded": return (key, .answered(status: 200, body: result["message"] ?? .null))
        case "errored":
            let error = result["error"] ?? .null
            let status = ErrorReport(error)?.status ?? 400
            return (key, .answered(status: status, body: error))
        case let other: return (key, .undone(other ?? "no reason is given"))
        }
    }
}
