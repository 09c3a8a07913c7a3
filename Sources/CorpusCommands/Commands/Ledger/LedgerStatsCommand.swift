import ArgumentParser
import CorpusKit
import CorpusLedger
import Foundation

/// `corpusmith ledger stats RUN`: tells how large a ledger is, and what of.
struct LedgerStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Tell how large a ledger is, and what of",
        discussion: """
            Reads the ledger in the run's folder or the file that is named, also while a run goes on; a large one takes a while, since all of it is \
            read. A table's size includes its indexes.

            With --json: `bytes`, `free_bytes` (a vacuum wins them), `ledger_schema`, `is_shared`, `tables` (`name`, `rows`, `bytes`), `bodies` \
            (`name`, `count`, `packed_bytes`, `bytes`, `dropped`), `models` (`model`, `replies`, `imported`, `input_tokens`, \
            `output_tokens`, `usd`), `passes` (`number`, `state`, `product`, `started`, `ended`, in seconds since 1970). What is \
            not known is null.

            Exit codes: 0 done, 2 there is no such run, 64 bad command line.

            Example: corpusmith ledger stats output/quickstart
            """
    )

    @Argument(help: "The run's folder, or the file of a shared ledger", completion: .file())
    var run: String

    @Flag(help: "Print the counts as JSON on standard output")
    var json = false

    func run() async throws {
        try await reporting {
            let stats = try reading(LedgerPlace(run).path) { try $0.stats() }
            if json {
                Terminal.print(stats.json)
            } else {
                LedgerStatsText(stats: stats, now: Date().timeIntervalSince1970).lines.forEach {
                    Terminal.print($0)
                }
            }
        }
    }
}

/// The counts for people.
struct LedgerStatsText {
    let stats: LedgerStats
    /// Seconds since 1970.
    let now: Double

    var lines: [String] {
        let size = Amount.bytes(stats.fileBytes)
        let name = stats.isShared ? "shared, used last by \(stats.name)" : stats.name
        let head =
            "\(name): \(size), \(Amount.bytes(stats.freeBytes)) of it free; schema \(stats.schema)"
        return [head, ""] + tables + [""] + bodies + (stats.models.isEmpty ? [] : [""] + models) + [""]
            + passes
    }

    private var tables: [String] {
        var table = TextTable(right: [1, 2])
        table.add("table", "rows", "with indexes")
        for entry in stats.tables {
            table.add(entry.name, Amount.count(entry.rows), entry.bytes.map(Amount.bytes) ?? "unknown")
        }
        return table.lines
    }

    private var bodies: [String] {
        var table = TextTable(right: [1, 2, 3, 4])
        table.add("bodies", "count", "packed", "unpacked", "dropped")
        for entry in stats.bodies {
            table.add(
                entry.name,
                Amount.count(entry.count),
                Amount.bytes(entry.packedBytes),
                Amount.bytes(entry.bytes),
                entry.dropped > 0 ? Amount.count(entry.dropped) : ""
            )
        }
        return table.lines
    }

    private var models: [String] {
        var table = TextTable(right: [1, 2, 3, 4, 5])
        table.add("model", "replies", "imported", "prompt tokens", "reply tokens", "cost")
        for model in stats.models {
            table.add(
                model.name,
                Amount.count(model.bought),
                Amount.count(model.imported),
                model.inputTokens.map(Amount.count) ?? "unknown",
                model.outputTokens.map(Amount.count) ?? "unknown",
                Amount.dollars(model.cost)
            )
        }
        return table.lines
    }

    private var passes: [String] {
        var table = TextTable()
        table.add("pass", "state", "began", "took", "by")
        for pass in stats.passes {
            table.add(
                String(pass.number),
                pass.state,
                "\(Amount.date(pass.started)), \(Amount.age(now - pass.started)) ago",
                pass.ended.map { Amount.time(max(0, $0 - pass.started)) } ?? "has not ended, or was killed",
                pass.product
            )
        }
        return table.lines
    }
}

extension Amount {
    /// `812 B`, `35 kB`, `1.2 MB`.
    static func bytes(_ value: Int) -> String {
        switch value {
        case ..<1000: "\(value) B"
        case ..<1_000_000: "\(value / 1000) kB"
        case ..<1_000_000_000: String(format: "%.1f MB", Double(value) / 1e6)
        default: String(format: "%.1f GB", Double(value) / 1e9)
        }
    }

    /// `2026-03-01T09:00:00Z`.
    static func date(_ seconds: Double) -> String { Date(timeIntervalSince1970: seconds).formatted(.iso8601) }

    /// `41 seconds`, `3 hours`, `5 days`.
    static func age(_ seconds: Double) -> String {
        let steps = [("day", 86_400.0), ("hour", 3_600), ("minute", 60), ("second", 1)]
        let (name, length) = steps.first { seconds >= $0.1 } ?? ("second", 1)
        let number = Int(max(0, seconds) / length)
        return "\(count(number)) \(name)\(number == 1 ? "" : "s")"
    }
}
