import CorpusKit

/// OpenAI's batches: a file of requests goes up, a file of results comes back.
struct OpenAIBatches: BatchDialect {
    let maxRows = 50_000
    let maxBytes = 200_000_000
    let daysOfResults = 29
    private let address: EndpointAddress
    private let path: String

    init(_ address: EndpointAddress, _ api: EndpointAPI) {
        self.address = address
        path = "/v1" + api.requestPath
    }

    func upload(_ rows: [BatchLine], tag: String) -> BatchPost? {
        let boundary = "corpusmith-\(tag)"
        var body: [UInt8] = []
        body.reserveCapacity(rows.reduce(1024) { $0 + $1.body.count + 256 })
        body += Array(
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n".utf8
        )
        body += Array(
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(tag).jsonl\"\r\n"
                .utf8
        )
        body += Array("Content-Type: application/jsonl\r\n\r\n".utf8)
        for row in rows {
            body += Array("{\"body\":".utf8)
            body += row.body
            body += Array(",\"custom_id\":\"\(row.key)\",\"method\":\"POST\",\"url\":\"\(path)\"}\n".utf8)
        }
        body += Array("\r\n--\(boundary)--\r\n".utf8)
        return BatchPost(
            url: address.url("/files"),
            contentType: "multipart/form-data; boundary=\(boundary)",
            body: body
        )
    }

    func file(in body: JSONValue) -> String? { body["id"]?.text }

    func creation(_ rows: [BatchLine], file: String?, tag: String) -> BatchPost {
        let body: JSONValue = [
            "input_file_id": .string(file ?? ""), "endpoint": .string(path), "completion_window": "24h",
            "metadata": ["corpusmith_batch": .string(tag)],
        ]
        return BatchPost(
            url: address.url("/batches"),
            contentType: "application/json",
            body: Array(body.canonical.utf8)
        )
    }

    func url(of id: String) -> String { address.url("/batches/" + address.component(id)) }

    func listURL(after id: String?) -> String {
        address.url("/batches", query: "limit=100" + (id.map { "&after=" + address.component($0) } ?? ""))
    }

    func state(in body: JSONValue) -> BatchState? {
        guard let id = body["id"]?.text, let status = body["status"]?.text else { return nil }
        let phase: BatchState.Phase
        switch status {
        case "failed": phase = .refused(faults(in: body["errors"]))
        case "completed", "expired", "cancelled":
            let files = ["output_file_id", "error_file_id"].compactMap { body[$0]?.text }
            phase = .ended(files.map { address.url("/files/\(address.component($0))/content") })
        // `validating`, `in_progress`, `finalizing`, `cancelling`, and whatever they think of next.
        default: phase = .running
        }
        return BatchState(
            id: id,
            phase: phase,
            createdAt: body["created_at"]?.real,
            rows: body["request_counts"]?["total"]?.whole,
            tag: body["metadata"]?["corpusmith_batch"]?.text,
            file: body["input_file_id"]?.text
        )
    }

    private func faults(in errors: JSONValue?) -> [BatchFault] {
        let faults = (errors?["data"]?.elements ?? []).map { error in
            BatchFault(row: error["line"]?.whole.map { $0 - 1 }, report: ErrorReport(batchError: error))
        }
        return faults.isEmpty ? [BatchFault(row: nil, report: ErrorReport(batchError: nil))] : faults
    }

    func likeness(of state: BatchState, to batch: BatchRecord) -> BatchLikeness {
        state.tag == batch.tag || state.file != nil && state.file == batch.file ? .same : .other
    }

    func answer(in line: JSONValue) -> (key: String, answer: RowAnswer)? {
        guard let key = line["custom_id"]?.text else { return nil }
        // A status of 0 has been seen where the endpoint had no answer of its own.
        if let response = line["response"], let status = response["status_code"]?.whole, status >= 100 {
            return (key, .answered(status: status, body: response["body"] ?? .null))
        }
        let error = line["error"]
        return (key, .undone(error?["code"]?.text ?? error?["message"]?.text ?? "no reason is given"))
    }
}
