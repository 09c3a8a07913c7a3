import CorpusEndpoint
import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import Synchronization

// Buys replies as a run does: lease, reservation, exchange, parsing, commit. Prints one line of JSON.
//
// endpoint-bench --url URL --calls N [--places N|auto] [--workers N] [--prompt-bytes N] [--first N] [--seconds S]
//                [--ledger FILE|none] [--gauges yes|no] [--warm N]

var options: [String: String] = [:]
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
    guard word.hasPrefix("--"), let value = words.popFirst() else {
        FileHandle.standardError.write(Data("error: `\(word)` needs a value\n".utf8))
        exit(64)
    }
    options[String(word.dropFirst(2))] = value
}
let url = options["url"] ?? "http://127.0.0.1:8000/v1"
let calls = Int(options["calls"] ?? "") ?? 1000
let first = Int(options["first"] ?? "") ?? 0
let seconds = Double(options["seconds"] ?? "") ?? 1e9
let places = options["places"].flatMap(Int.init)
// As in a run: who waits for another try keeps no place.
let workers = Int(options["workers"] ?? "") ?? (places ?? 256) + min(places ?? 256, 512)
let padding = String(repeating: "x", count: max(0, (Int(options["prompt-bytes"] ?? "") ?? 1500) - 20))

let ledgerPath = options["ledger"] ?? NSTemporaryDirectory() + "endpoint-bench-\(getpid()).sqlite"
let ledger =
    ledgerPath == "none"
    ? nil
    : try Ledger.begin(path: ledgerPath, name: "bench", recipe: "", plan: [:], product: "bench", now: 0)
let client = try EndpointClient(
    [EndpointConfiguration(name: "stand-in", baseURL: url, concurrency: places)],
    budget: Budget(Caps(tokens: .max / 4))
)
// The probe also looks for the server's own count of waiting requests.
if options["gauges"] != "no" { _ = try await client.probe("stand-in") }
let exchange = ledger.map { Exchange(ledger: $0, endpoint: client) }

func used() -> Double {
    var usage = rusage()
    unsafe getrusage(0, &usage)
    let times = [usage.ru_utime, usage.ru_stime]
    return times.reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
}

func memory(_ key: String) -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
    return Double(line?.split(separator: " ").dropLast().last ?? "") ?? 0
}

struct Tally: Sendable {
    var next: Int
    var answered = 0
    var failed = 0
    var wrong = 0
}

final class Counter: Sendable {
    let tally: Mutex<Tally>
    init(next: Int) { tally = Mutex(Tally(next: next)) }
}

// What is loaded late costs nothing, as with the scripts for other programs: the first rows do not count.
let warm = Int(options["warm"] ?? "") ?? 0
var start = ContinuousClock.now
var before = used()
var end = Tally(next: 0)
for rows in [first + calls..<first + calls + warm, first..<first + calls] {
    (start, before) = (.now, used())
    let began = start
    let counter = Counter(next: rows.lowerBound)
    await withDiscardingTaskGroup { group in
        for _ in 0..<min(workers, rows.count) {
            group.addTask {
                while true {
                    let row = counter.tally.withLock { tally in
                        tally.next += 1
                        return tally.next - 1
                    }
                    guard row < rows.upperBound, began.duration(to: .now) < .seconds(seconds) else { return }
                    let request = ModelRequest(
                        model: "stand-in",
                        messages: [Message(.user, "row \(row) \(padding)")],
                        sampling: Sampling(maxTokens: 1024)
                    )
                    do {
                        let text: String
                        if let exchange {
                            let buyer = Buyer(role: "teacher", stage: nil)
                            text = try await exchange.reply(to: request, for: buyer).text
                        } else {
                            text = try await client.complete(request, for: "teacher") { _ in }.reply.text
                        }
                        let isRight = text.hasPrefix("row \(row) ")
                        counter.tally.withLock { tally in
                            tally.answered += 1
                            if !isRight { tally.wrong += 1 }
                        }
                    } catch {
                        counter.tally.withLock { $0.failed += 1 }
                        FileHandle.standardError.write(Data("\(error)\n".utf8))
                    }
                }
            }
        }
    }
    end = counter.tally.withLock { $0 }
}
let wall = start.duration(to: .now) / .seconds(1)
let cpu = used() - before
let counts = client.snapshot.total
await client.shutdown()
try ledger?.end(state: "done", now: 0)
if ledger != nil, options["ledger"] == nil {
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: ledgerPath + suffix) }
}
let report: JSONValue = [
    "client": "corpusmith", "ledger": .bool(ledger != nil), "calls": .int(end.answered),
    "failed": .int(end.failed),
    "wrong": .int(end.wrong), "sent": .int(counts.sent), "limit": .int(counts.limit),
    "seconds": .double(wall),
    "calls_per_s": .double(Double(end.answered) / wall),
    "cpu_us_per_call": .double(cpu * 1e6 / Double(max(1, end.answered))),
    "peak_rss_mb": .double(memory("VmHWM:") / 1024), "rss_mb": .double(memory("VmRSS:") / 1024),
]
print(report.canonical)
