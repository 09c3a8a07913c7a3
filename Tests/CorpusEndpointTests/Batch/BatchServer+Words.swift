import CorpusKit
import TestSupport

@testable import CorpusEndpoint

// What the two APIs say of a batch and of its rows.
extension BatchServer {
    func openAI(_ batch: Batch) -> JSONValue {
        let steps = ["validating", "in_progress", "finalizing"]
        let isDone = batch.looks > script.looks
        var json: [String: JSONValue] = [
            "id": .string(batch.id), "object": "batch", "endpoint": .string(batch.endpoint),
            "input_file_id": .string(batch.file), "completion_window": "24h", "metadata": batch.tag,
            "created_at": .int(batch.createdAt),
            "status": .string(isDone ? script.end : steps[min(batch.looks, 2)]),
            "output_file_id": .null, "error_file_id": .null, "errors": .null,
            "request_counts": ["total": .int(batch.rows.count)],
        ]
        if let faults = batch.faults, batch.looks > 0 {
            json["status"] = "failed"
            json["errors"] = ["object": "list", "data": faults]
        } else if isDone {
            if batch.rows.contains(where: { isDelivered($0.fate) }) {
                json["output_file_id"] = .string("out-" + batch.id)
            }
            if batch.rows.contains(where: { !isDelivered($0.fate) }) {
                json["error_file_id"] = .string("err-" + batch.id)
            }
        }
        return .object(json)
    }

    func anthropic(_ batch: Batch) -> JSONValue {
        let isDone = batch.looks > script.looks
        let status =
            isDone ? "ended" : script.end == "cancelled" && batch.looks > 1 ? "canceling" : "in_progress"
        var counts: [String: JSONValue] = [
            "processing": .int(isDone ? 0 : batch.rows.count), "succeeded": 0, "errored": 0, "canceled": 0,
            "expired": 0,
        ]
        if isDone { counts["succeeded"] = .int(batch.rows.count) }
        return [
            "id": .string(batch.id), "type": "message_batch", "processing_status": .string(status),
            "request_counts": .object(counts), "created_at": "2023-11-14T22:13:20.100435Z",
            "expires_at": "2023-11-15T22:13:20Z", "archived_at": .null,
            "results_url": isDone ? "https://elsewhere.example/results" : .null,
        ]
    }

    private func isDelivered(_ fate: Fate) -> Bool {
        switch fate {
        case .reply, .text: true
        case .error, .expired, .cancelled, .missing: false
        }
    }

    /// The results of a batch, in another order than its requests.
    func content(_ name: String, _ state: State) -> Answer {
        let parts = name.split(separator: "-", maxSplits: 1).map(String.init)
        guard let batch = state.batches.first(where: { $0.id == parts.last }), batch.looks > script.looks
        else {
            return .status(404, #"{"error":{"message":"no such file"}}"#)
        }
        let lines = batch.rows.reversed().compactMap { row -> JSONValue? in
            if parts.count == 1 { return message(row.key, row.body, row.fate) }
            guard isDelivered(row.fate) == (parts[0] == "out") else { return nil }
            return response(row.key, row.body, row.fate)
        }
        return Answer(body: Array(lines.map { $0.canonical + "\n" }.joined().utf8))
    }

    private func response(_ key: String, _ body: JSONValue, _ fate: Fate) -> JSONValue? {
        func line(_ status: Int, _ body: JSONValue) -> JSONValue {
            [
                "id": "batch_req_1", "custom_id": .string(key), "error": .null,
                "response": ["status_code": .int(status), "request_id": "r", "body": body],
            ]
        }
        func undone(_ code: String) -> JSONValue {
            [
                "id": "batch_req_1", "custom_id": .string(key), "response": .null,
                "error": ["code": .string(code), "message": "This request could not be executed"],
            ]
        }
        let prompt = BatchServer.prompt(body)
        switch fate {
        case .missing: return nil
        case .expired: return undone("batch_expired")
        case .cancelled: return undone("batch_cancelled")
        case .error(let status, let error): return line(status, (try? JSONValue(parsing: error)) ?? .null)
        case .text(let text): return line(200, .string(text))
        case .reply:
            let text = JSONValue.string(prompt.uppercased())
            let choice: JSONValue =
                body["prompt"] == nil
                ? ["message": ["role": "assistant", "content": text], "finish_reason": "stop"]
                : ["text": text, "finish_reason": "stop"]
            return line(
                200,
                ["choices": [choice], "usage": ["prompt_tokens": 10, "completion_tokens": 5]]
            )
        }
    }

    private func message(_ key: String, _ body: JSONValue, _ fate: Fate) -> JSONValue? {
        let result: JSONValue
        switch fate {
        case .missing: return nil
        case .expired: result = ["type": "expired"]
        case .cancelled: result = ["type": "canceled"]
        case .error(_, let error):
            result = ["type": "errored", "error": (try? JSONValue(parsing: error)) ?? .null]
        case .text(let text): result = ["type": "succeeded", "message": .string(text)]
        case .reply:
            let text = JSONValue.string(BatchServer.prompt(body).uppercased())
            result = [
                "type": "succeeded",
                "message": [
                    "id": "msg_1", "type": "message", "role": "assistant", "stop_reason": "end_turn",
                    "content": [["type": "text", "text": text]],
                    "usage": ["input_tokens": 10, "output_tokens": 5],
                ],
            ]
        }
        return ["custom_id": .string(key), "result": result]
    }
}
