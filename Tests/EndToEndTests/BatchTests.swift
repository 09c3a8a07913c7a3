import CorpusModel
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Runs through batch APIs", .timeLimit(.minutes(5)))
struct BatchTests {
    /// As much of OpenAI's batch API as one run needs; a batch is done as soon as somebody looks.
    private final class Endpoint: Sendable {
        private let files = Mutex<[[JSONValue]]>([])
        private let made = Mutex<[Int]>([])
        /// Held back until the test opens it: the answer to the first creation.
        let gate = Latch()

        /// The rows of each batch that was made.
        var batches: [[JSONValue]] { made.withLock { $0 }.map { number in files.withLock { $0[number] } } }

        func post(_ request: TestServer.Request) -> Answer {
            if request.path.hasSuffix("/files") {
                let rows = request.text.split(whereSeparator: \.isNewline).filter {
                    $0.hasPrefix("{\"body\"")
                }
                let number = files.withLock { files in
                    files.append(rows.compactMap { try? JSONValue(parsing: Array($0.utf8)) })
                    return files.count - 1
                }
                return .status(200, #"{"id":"\#(number)"}"#)
            }
            let body = try? JSONValue(parsing: request.body)
            let file = body?["input_file_id"]?.text.flatMap(Int.init) ?? 0
            let count = made.withLock { made in
                made.append(file)
                return made.count
            }
            return Answer(body: Array(batch(count - 1).utf8), gate: count == 1 ? gate : nil)
        }

        func get(_ request: TestServer.Request) -> Answer {
            let path = request.path.split(separator: "?")[0].split(separator: "/").map(String.init)
            switch (path.dropFirst().first, path.count) {
            case ("batches", 2):
                let all = made.withLock(\.indices).map(batch).joined(separator: ",")
                return .status(200, #"{"data":[\#(all)],"has_more":false}"#)
            case ("batches", 3): return .status(200, batch(Int(path[2]) ?? 0))
            case ("files", 4): return Answer(body: Array(results(Int(path[2]) ?? 0).utf8))
            default: return Bench.list
            }
        }

        private func batch(_ number: Int) -> String {
            let file = made.withLock { $0[number] }
            return
                #"{"id":"\#(number)","status":"completed","input_file_id":"\#(file)","output_file_id":"\#(file)"}"#
        }

        private func results(_ file: Int) -> String {
            files.withLock { $0[file] }.map { row in
                let key = row["custom_id"]?.text ?? ""
                let text = row["body"]?.canonical ?? ""
                let parts = text.components(separatedBy: "def add_").dropFirst()
                let number = parts.compactMap { $0.first?.wholeNumberValue }.last ?? 0
                let sign = key.first.map { "01234567".contains($0) } == true ? "+" : "-"
                let answer = Answer.chat(
                    "```python\\ndef add_\(number)(x):\\n    return x \(sign) \(number)\\n```"
                )
                let body = String(decoding: answer.body, as: UTF8.self)
                return #"{"custom_id":"\#(key)","response":{"status_code":200,"body":\#(body)},"error":null}"#
                    + "\n"
            }.joined()
        }
    }

    @Test("A run that is killed while its batch is made takes the batch up and pays for each row once")
    func killed() async throws {
        let endpoint = Endpoint()
        let bench = try Bench(answer: endpoint.post, list: endpoint.get)
        let price = ", price: { input: 1, output: 2 }, batch: { rows: 24, quiet: 10m }"
        try bench.write(
            bench.recipe(extra: price).edited("limits: { concurrency: 4 }, ", to: ""),
            to: "recipe.yaml"
        )
        let running = try bench.start()
        await until { !endpoint.batches.isEmpty }
        running.signal(SIGKILL)
        _ = try await running.end()
        endpoint.gate.open()
        let end = try await bench.run()
        let report = try await bench.report()

        #expect(end.code == 0, "\(end.errors)")
        #expect(endpoint.batches.map(\.count) == [24])
        #expect(Bench.addsUp(report))
        // Half of 10 tokens at 1 and 5 at 2 dollars a million, 24 times.
        #expect(report["costs"]?["usd"]?.real == 0.00024)
        let stages = report["costs"]?["stages"]?.elements ?? []
        #expect(stages.map { $0["calls"]?.whole } == [24], "\(stages)")

        let again = try await bench.run()
        #expect(again.code == 0)
        #expect(endpoint.batches.count == 1)
    }
}
