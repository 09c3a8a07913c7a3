import CorpusKit
import Foundation
import Synchronization
import TestSupport

@testable import CorpusEndpoint

/// The batch APIs of OpenAI and Anthropic as they are documented, on the loopback; it counts what it is paid for.
final class BatchServer: Sendable {
    /// What is asked of the server.
    enum Step: Sendable, Hashable, CaseIterable {
        case upload, create, list, look, fetch
    }

    /// What becomes of a row.
    enum Fate: Sendable {
        /// The prompt in capitals.
        case reply
        case text(String)
        case error(Int, String)
        case expired, cancelled, missing
    }

    /// One batch as the server has it.
    struct Batch: Sendable {
        let id: String
        let endpoint: String
        let file: String
        let tag: JSONValue
        let createdAt: Int
        var rows: [(key: String, body: JSONValue, fate: Fate)]
        var looks = 0
        var faults: JSONValue?

        var keys: [String] { rows.map(\.key) }
    }

    struct Script: Sendable {
        /// How many looks find the batch at work before it has ended.
        var looks = 2
        /// What becomes of a row: its prompt, and how many batches it has been in with this one.
        var fate: @Sendable (String, Int) -> Fate = { _, _ in .reply }
        /// How a batch ends that was not refused, in OpenAI's words.
        var end = "completed"
        /// Why a batch is refused: its number from 0, and its rows.
        var refusal: @Sendable (Int, Int) -> JSONValue? = { _, _ in nil }
        /// What is answered instead, before anything is done, by how often this was asked before.
        var instead: @Sendable (Step, Int) -> Answer? = { _, _ in nil }
        /// What happens to the answer after everything is done.
        var spoil: @Sendable (Step, Int, inout Answer) -> Void = { _, _, _ in }
        /// Seconds since 1970.
        var now = 1_700_000_000
    }

    struct State: Sendable {
        var files: [String: String] = [:]
        var batches: [Batch] = []
        var asked: [Step: Int] = [:]
        var tries: [String: Int] = [:]
        /// How often each prompt was worked on.
        var paid: [String: Int] = [:]
        var faults: [String] = []
    }

    let script: Script
    let state = Mutex(State())
    private let server = Mutex<TestServer?>(nil)

    init(_ change: (inout Script) -> Void = { _ in }) throws {
        var script = Script()
        change(&script)
        self.script = script
        let server = try TestServer { [weak self] in self?.answer($0) ?? .status(500) }
        self.server.withLock { $0 = server }
    }

    deinit { server.withLock { $0?.stop() } }

    var url: String { server.withLock { $0?.url } ?? "" }
    var batches: [Batch] { state.withLock(\.batches) }
    /// How often each prompt was worked on.
    var paid: [String: Int] { state.withLock(\.paid) }
    /// What a client did that the documents forbid.
    var faults: [String] { state.withLock(\.faults) }
    func asked(_ step: Step) -> Int { state.withLock { $0.asked[step] ?? 0 } }

    /// Waits until something was asked so many times.
    func reached(_ step: Step, _ count: Int = 1) async { await until { self.asked(step) >= count } }

    // MARK: - Requests

    private func answer(_ request: TestServer.Request) -> Answer {
        let path = request.path.split(separator: "?")[0].split(separator: "/").map(String.init)
        let isPost = request.method == "POST"
        check(request, path)
        switch (isPost, path.dropFirst().first, path.count) {
        case (false, "models", _): return .status(404)
        case (true, "files", 2): return step(.upload) { self.upload(request, &$0) }
        case (false, "files", 4): return step(.fetch) { self.content(path[2], $0) }
        case (true, "batches", 2): return step(.create) { self.create(request.body, &$0) }
        case (false, "batches", 2): return step(.list) { self.list($0) { self.openAI($0) } }
        case (false, "batches", 3): return step(.look) { self.look(path[2], &$0) { self.openAI($0) } }
        case (true, "messages", 3): return step(.create) { self.createMessages(request.body, &$0) }
        case (false, "messages", 3): return step(.list) { self.list($0) { self.anthropic($0) } }
        case (false, "messages", 4): return step(.look) { self.look(path[3], &$0) { self.anthropic($0) } }
        case (false, "messages", 5): return step(.fetch) { self.content(path[3], $0) }
        default: return .status(404)
        }
    }

    private func check(_ request: TestServer.Request, _ path: [String]) {
        let isAnthropic = path.contains("messages")
        let key = request.headers[isAnthropic ? "x-api-key" : "authorization"] ?? ""
        guard path.dropFirst().first != "models", path.last != "metrics" else { return }
        if !key.hasSuffix(testKey) { fault("no key at \(request.path)") }
        if isAnthropic, request.headers["anthropic-version"] == nil { fault("no version at \(request.path)") }
    }

    private func fault(_ text: String) { state.withLock { $0.faults.append(text) } }

    private func step(_ step: Step, _ work: (inout State) -> Answer) -> Answer {
        let (before, instead) = state.withLock { state in
            let before = state.asked[step] ?? 0
            let instead = script.instead(step, before)
            if instead != nil { state.asked[step] = before + 1 }
            return (before, instead)
        }
        if let instead { return instead }
        var answer = state.withLock { state in
            let answer = work(&state)
            state.asked[step] = before + 1
            return answer
        }
        script.spoil(step, before, &answer)
        return answer
    }

    // MARK: - Files and batches

    private func upload(_ request: TestServer.Request, _ state: inout State) -> Answer {
        let type = request.headers["content-type"] ?? ""
        guard let boundary = type.split(separator: "boundary=").last, type.hasPrefix("multipart/form-data")
        else { return .status(400) }
        let parts = request.text.components(separatedBy: "--\(boundary)")
        let file = parts.first { $0.contains("name=\"file\"; filename=") }
        guard parts.contains(where: { $0.contains("name=\"purpose\"\r\n\r\nbatch\r\n") }), let file,
            let start = file.firstRange(of: "\r\n\r\n")
        else { return .status(400) }
        let id = "file-\(state.files.count)"
        state.files[id] = String(file[start.upperBound...])
        return .json(["id": .string(id), "object": "file", "purpose": "batch"])
    }

    private func create(_ body: [UInt8], _ state: inout State) -> Answer {
        guard let body = try? JSONValue(parsing: body), let file = body["input_file_id"]?.text,
            let content = state.files[file], let endpoint = body["endpoint"]?.text,
            body["completion_window"]?.text == "24h"
        else { return .status(400) }
        let rows = content.split(whereSeparator: \.isNewline).compactMap { line -> (String, JSONValue)? in
            guard let row = try? JSONValue(parsing: Array(line.utf8)), row["method"]?.text == "POST",
                row["url"]?.text == endpoint, let key = row["custom_id"]?.text, let body = row["body"]
            else { return nil }
            return (key, body)
        }
        let tag = body["metadata"] ?? .null
        return .json(openAI(begin(rows, endpoint, file: file, tag: tag, &state)))
    }

    private func createMessages(_ body: [UInt8], _ state: inout State) -> Answer {
        guard let rows = (try? JSONValue(parsing: body))?["requests"]?.elements else { return .status(400) }
        if let refusal = script.refusal(state.batches.count, rows.count) {
            state.batches.append(batch([], "", "", .null, state))
            return .status(400, JSONValue.object(["type": "error", "error": refusal]).canonical)
        }
        let pairs = rows.compactMap { row in
            row["custom_id"]?.text.flatMap { key in row["params"].map { (key, $0) } }
        }
        return .json(anthropic(begin(pairs, "/v1/messages", file: "", tag: .null, &state)))
    }

    private func batch(
        _ rows: [(String, JSONValue, Fate)],
        _ endpoint: String,
        _ file: String,
        _ tag: JSONValue,
        _ state: State
    ) -> Batch {
        Batch(
            id: "batch_\(state.batches.count)",
            endpoint: endpoint,
            file: file,
            tag: tag,
            createdAt: script.now,
            rows: rows
        )
    }

    private func begin(
        _ rows: [(String, JSONValue)],
        _ endpoint: String,
        file: String,
        tag: JSONValue,
        _ state: inout State
    ) -> Batch {
        if Set(rows.map(\.0)).count != rows.count { state.faults.append("a custom_id stands twice") }
        if rows.contains(where: { !(1...64).contains($0.0.utf8.count) }) {
            state.faults.append("a long custom_id")
        }
        let faults = script.refusal(state.batches.count, rows.count)
        let fates = rows.map { key, body -> (String, JSONValue, Fate) in
            guard faults == nil else { return (key, body, .missing) }
            state.tries[key, default: 0] += 1
            let prompt = Self.prompt(body)
            let fate = script.fate(prompt, state.tries[key] ?? 0)
            switch fate {
            case .reply, .text: state.paid[prompt, default: 0] += 1
            case .error, .expired, .cancelled, .missing: break
            }
            return (key, body, fate)
        }
        var batch = batch(fates, endpoint, file, tag, state)
        batch.faults = faults
        state.batches.append(batch)
        return batch
    }

    static func prompt(_ body: JSONValue) -> String {
        let content = body["messages"]?.elements?.last?["content"]
        return body["prompt"]?.text ?? content?.text ?? content?.elements?.first?["text"]?.text ?? ""
    }

    private func list(_ state: State, _ show: (Batch) -> JSONValue) -> Answer {
        .json(["data": .array(state.batches.reversed().map(show)), "has_more": false])
    }

    private func look(_ id: String, _ state: inout State, _ show: (Batch) -> JSONValue) -> Answer {
        guard let index = state.batches.firstIndex(where: { $0.id == id }) else {
            return .status(404, #"{"error":{"message":"no such batch"}}"#)
        }
        state.batches[index].looks += 1
        return .json(show(state.batches[index]))
    }
}

extension Answer {
    static func json(_ value: JSONValue) -> Answer { .status(200, value.canonical) }
}
