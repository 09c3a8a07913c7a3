import CorpusKit
import CorpusLedger
import Foundation

/// The runs that a folder holds, with their sums.
///
/// What one run has paid for and others took over counts once: where it was paid for.
struct CampaignReport {
    /// One run and its account, or why there is none.
    struct Entry {
        /// The run's folder, from the campaign's.
        var run: String
        var account: Result<RunReport, LedgerProblem>
    }

    let entries: [Entry]
    /// Shards that have worked on since they were merged: what they bought since is in no account.
    let unmerged: [String]

    /// Reads the accounts of all runs in a folder.
    ///
    /// - Returns: Nil when the folder is a run itself, or holds none.
    init?(folder: String) {
        guard !FileManager.default.fileExists(atPath: RunFolder(path: folder).ledger) else { return nil }
        let runs = Self.runs(in: folder)
        let place = { (run: String) in RunFolder(path: run.isEmpty ? folder : folder + "/" + run) }
        unmerged = runs.flatMap { Self.unmerged(of: place($0)) }
        entries = runs.flatMap { run -> [Entry] in
            let place = place(run)
            return [Self.entry(run, place)].compactMap(\.self) + Self.shards(of: place, run)
        }
        if entries.isEmpty { return nil }
    }

    /// The folders that may hold runs: those in a folder, and it itself, which may have shards alone.
    private static func runs(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var seen: Set<String> = []
        // A link to a run beside it is that run.
        return [""] + names.sorted().filter { seen.insert((folder + "/" + $0).resolved).inserted }
    }

    private static func entry(_ run: String, _ folder: RunFolder) -> Entry? {
        guard FileManager.default.fileExists(atPath: folder.ledger) else { return nil }
        do throws(LedgerProblem) {
            var report = try Ledger.read(path: folder.ledger).report()
            if report.state == "running", RunLock.holder(in: folder.path) == nil { report.state = "killed" }
            return Entry(run: run, account: .success(report))
        } catch {
            // A shared ledger is no run, and what is on it is on the ledgers of runs; one that is empty is none yet.
            let isNone = error.code == .shared || error.code == .missing || error.isBlank
            return isNone ? nil : Entry(run: run, account: .failure(error.ofReading))
        }
    }

    /// Shards that were not merged yet: what they have paid is on no run's ledger.
    private static func shards(of folder: RunFolder, _ run: String) -> [Entry] {
        ShardFolders(folder).folders.compactMap { shard in
            let name = (run.isEmpty ? "" : run + "/") + "shards/" + (shard.path as NSString).lastPathComponent
            if let ledger = try? ShardLedger.read(shard.ledger),
                let missing = try? Ledger.missing(folder.ledger, of: [ledger]), missing.isEmpty
            {
                return nil
            }
            return entry(name, shard)
        }
    }

    private static func unmerged(of folder: RunFolder) -> [String] {
        let shards = ShardFolders(folder).folders.compactMap { try? ShardLedger.read($0.ledger) }
        guard let lacking = try? Ledger.lacking(folder.ledger, of: shards),
            let missing = try? Ledger.missing(folder.ledger, of: shards)
        else { return [] }
        let new = Set(missing.map(\.path))
        return lacking.map(\.path).filter { !new.contains($0) }.map {
            ($0 as NSString).deletingLastPathComponent
        }
    }

    /// The problems with runs that could not be read.
    var problems: [LedgerProblem] {
        entries.compactMap { entry in
            if case .failure(let problem) = entry.account { problem } else { nil }
        }
    }
}

// MARK: - Sums

extension CampaignReport {
    /// What is summed over runs; a sum is nil when a part of it is not known.
    struct Sums {
        var candidates = 0
        var exported = 0
        var dropped = 0
        var failed = 0
        var open = 0
        var pairs = 0
        var calls = 0
        var inputTokens: Int? = 0
        var outputTokens: Int? = 0
        var imported = 0
        var shared = 0
        var unanswered = RunReport.Unanswered()
        /// Billionths of a US dollar, unanswered attempts included.
        var cost: Int? = 0

        var tokens: Int? { Self.sum(inputTokens, outputTokens) }

        init() {}

        init(_ report: RunReport) {
            let (counts, spending) = (report.counts, report.spending)
            candidates = counts.candidates
            exported = counts.exported
            dropped = counts.dropped.values.reduce(0, +)
            failed = counts.failed.values.reduce(0, +)
            open = counts.open
            pairs = report.pairs
            calls = spending.calls
            (inputTokens, outputTokens) = (spending.inputTokens, spending.outputTokens)
            (imported, shared) = (spending.imported, spending.shared)
            unanswered = spending.unanswered
            cost = report.fullCost
        }

        static func sum(_ left: Int?, _ right: Int?) -> Int? {
            left.flatMap { left in right.map { left + $0 } }
        }

        static func += (sums: inout Sums, more: Sums) {
            sums.candidates += more.candidates
            sums.exported += more.exported
            sums.dropped += more.dropped
            sums.failed += more.failed
            sums.open += more.open
            sums.pairs += more.pairs
            sums.calls += more.calls
            sums.inputTokens = sum(sums.inputTokens, more.inputTokens)
            sums.outputTokens = sum(sums.outputTokens, more.outputTokens)
            sums.imported += more.imported
            sums.shared += more.shared
            sums.unanswered.calls += more.unanswered.calls
            sums.unanswered.tokens += more.unanswered.tokens
            sums.unanswered.cost = sum(sums.unanswered.cost, more.unanswered.cost)
            sums.cost = sum(sums.cost, more.cost)
        }

        var members: [String: JSONValue] {
            func number(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }
            func dollars(_ value: Int?) -> JSONValue { value.map { .number(Double($0) / 1e9) } ?? .null }
            return [
                "candidates": .int(candidates), "exported": .int(exported), "dropped": .int(dropped),
                "failed": .int(failed), "open": .int(open), "pairs": .int(pairs), "calls": .int(calls),
                "input_tokens": number(inputTokens), "output_tokens": number(outputTokens),
                "imported": .int(imported), "shared": .int(shared), "usd": dollars(cost),
                "unanswered": [
                    "calls": .int(unanswered.calls), "tokens": .int(unanswered.tokens),
                    "usd": dollars(unanswered.cost),
                ],
            ]
        }
    }

    /// Over all runs that could be read.
    var totals: Sums {
        entries.reduce(into: Sums()) { sums, entry in
            if case .success(let report) = entry.account { sums += Sums(report) }
        }
    }
}

// MARK: - Words

extension CampaignReport {
    /// The account as one JSON document.
    var json: JSONValue {
        let runs = entries.map { entry -> JSONValue in
            switch entry.account {
            case .success(let report):
                .object(
                    Sums(report).members.merging([
                        "run": .string(entry.run), "name": .string(report.name),
                        "state": .string(report.state),
                        "error": .null,
                    ]) { $1 }
                )
            case .failure(let problem):
                ["run": .string(entry.run), "state": .null, "error": .string(problem.code.rawValue)]
            }
        }
        return ["schema": 1, "runs": .array(runs), "totals": .object(totals.members)]
    }

    /// The account for people: a line for each run, and one for all.
    var lines: [String] {
        var table = TextTable(right: [2, 3, 4, 5, 6, 7])
        table.add("run", "state", "candidates", "exported", "calls", "tokens", "cost", "not bought")
        for entry in entries {
            switch entry.account {
            case .success(let report): add(entry.run, report.state, Sums(report), to: &table)
            case .failure(let problem): table.add(entry.run, "cannot be read: \(problem.code.rawValue)")
            }
        }
        let totals = totals
        add("all", "", totals, to: &table)
        guard totals.unanswered.calls > 0 else { return table.lines }
        return table.lines + [
            "",
            "in the cost, at their worst case, of attempts without a reply: \(ReportText.text(totals.unanswered))",
        ]
    }

    private func add(_ name: String, _ state: String, _ sums: Sums, to table: inout TextTable) {
        table.add(
            name,
            state,
            Amount.count(sums.candidates),
            Amount.count(sums.exported),
            Amount.count(sums.calls),
            sums.tokens.map(Amount.count) ?? "unknown",
            Amount.dollars(sums.cost),
            sums.imported > 0 ? Amount.count(sums.imported) : ""
        )
    }
}
