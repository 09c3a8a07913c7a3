import CorpusModel
import GRDB

extension Ledger {
    /// What became of the units of a rehearsal that is over.
    ///
    /// - Parameter stages: All stages of the plan, each after those that it takes from.
    /// - Returns: The tally, in the same order.
    /// - Throws: ``LedgerProblem``.
    package func tally(of stages: [RehearsedStage]) throws(LedgerProblem) -> RehearsalTally {
        try Self.wrapping(path) {
            try pool.write { database in
                let known = "item.rowid <= \(original?.lastItem ?? 0)"
                return try TallyReader(database: database, pass: pass, known: known, stages: stages).tally()
            }
        }
    }
}

/// Counts, with tables of its own on the copy of the ledger, so that what is large lies on the disk.
private struct TallyReader {
    let database: Database
    let pass: Int
    /// What tells rows of `item` that the ledger had before.
    let known: String
    let stages: [RehearsedStage]

    func tally() throws -> RehearsalTally {
        try noteLacks()
        try noteUnits()
        try noteMissing()
        var tally = RehearsalTally(stages: Array(repeating: .init(), count: stages.count))
        try countUnits(&tally)
        try countKept(&tally)
        try countLacking(&tally)
        try countUses(&tally)
        try countMissing(&tally)
        return tally
    }

    // MARK: - Notes

    /// The units that ended in their middle, each with its group.
    private func noteLacks() throws {
        let reasons = RehearsalLack.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        try database.execute(
            sql: """
                CREATE TABLE lack AS SELECT item.key AS item, item.stage, item.summary AS asked, edge.root,
                    item.detail LIKE '%"\(RehearsalLack.precedentMark)":true%' AS has_precedent
                FROM item JOIN edge ON edge.child = item.input
                WHERE item.pass = \(pass) AND item.part = 0 AND item.state = \(ItemState.failed.rawValue)
                    AND item.reason IN (\(reasons));
                CREATE INDEX lack_item ON lack (item);
                CREATE INDEX lack_stage ON lack (stage, root);
                CREATE TABLE unit (
                    item BLOB PRIMARY KEY, place INTEGER NOT NULL, sureness INTEGER NOT NULL, unsettled INTEGER NOT NULL,
                    kind INTEGER NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE seen (
                    place INTEGER NOT NULL, sample TEXT NOT NULL, ordinal INTEGER NOT NULL,
                    PRIMARY KEY (place, sample, ordinal)
                ) WITHOUT ROWID;
                CREATE TABLE missing (
                    kind INTEGER NOT NULL, key BLOB NOT NULL, sureness INTEGER NOT NULL, place INTEGER NOT NULL,
                    asked TEXT NOT NULL, PRIMARY KEY (kind, key)
                ) WITHOUT ROWID;
                """
        )
    }

    private func noteUnits() throws {
        let lacking = Set(try Int.fetchAll(database, sql: "SELECT DISTINCT stage FROM lack"))
        for (place, stage) in stages.enumerated() {
            let above = sureness(verifiers: stage.verifiers, gates: stage.gates, lacking)
            let here = sureness(
                verifiers: stage.verifiers,
                gates: stage.gates + [stage.gate].compactMap(\.self),
                lacking
            )
            // An item that is on the ledger although it failed there is done again, as is one whose content a stage of
            // this name has had before it.
            try database.execute(
                sql: """
                    INSERT INTO unit (item, place, sureness, unsettled, kind)
                    SELECT item.key, \(place), \(here), (\(here)) = 1 AND (\(above)) = 0,
                        CASE
                            WHEN \(known) AND item.key NOT IN (SELECT item FROM lack)
                                AND NOT EXISTS (SELECT 1 FROM former_failure WHERE former_failure.item = item.key)
                            THEN \(Kind.reused.rawValue) ELSE \(Kind.done.rawValue)
                        END
                    FROM item LEFT JOIN edge ON edge.child = item.input
                    WHERE item.pass = \(pass) AND item.part = 0 AND item.stage = \(stage.number)
                        AND item.reason IS NOT 'unrouted'
                    """
            )
            try noteNew(stage, at: place)
        }
    }

    /// Tells those units apart whose content the stage has never had before.
    private func noteNew(_ stage: RehearsedStage, at place: Int) throws {
        let own = "place = \(place) AND kind = \(Kind.done.rawValue)"
        guard try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM unit WHERE \(own))") == true
        else { return }
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO seen (place, sample, ordinal)
                SELECT \(place), edge.sample, item.ordinal
                FROM stage CROSS JOIN item ON item.stage = stage.id CROSS JOIN edge ON edge.child = item.input
                WHERE stage.name = ? AND item.part = 0 AND \(known)
                """,
            arguments: [stage.name]
        )
        try database.execute(
            sql: """
                UPDATE unit SET kind = \(Kind.new.rawValue) WHERE \(own) AND NOT EXISTS (
                    SELECT 1 FROM item CROSS JOIN edge ON edge.child = item.input CROSS JOIN seen
                    ON seen.place = \(place) AND seen.sample = edge.sample AND seen.ordinal = item.ordinal
                    WHERE item.key = unit.item)
                """
        )
    }

    private enum Kind: Int {
        case reused, done, new
    }

    /// How sure a unit is, in SQL, by its group's `edge.root`.
    private func sureness(verifiers: [Int], gates: [RehearsedStage.Gate], _ lacking: Set<Int>) -> String {
        func groups(of numbers: some Sequence<Int>, _ condition: String = "") -> String? {
            let numbers = Set(numbers).intersection(lacking).sorted().map(String.init)
            guard !numbers.isEmpty else { return nil }
            return "SELECT root FROM lack WHERE stage IN (\(numbers.joined(separator: ", ")))\(condition)"
        }
        let isWhole = gates.contains { $0.isWhole && !lacking.isDisjoint(with: $0.above) }
        var cases: [String] = []
        if let assumed = groups(of: verifiers, " AND NOT has_precedent") {
            cases.append("WHEN edge.root IN (\(assumed)) THEN 2")
        }
        if isWhole {
            cases.append("WHEN edge.root IS NOT NULL THEN 1")
        } else if let waiting = groups(of: verifiers + gates.lazy.filter { !$0.isWhole }.flatMap(\.above)) {
            cases.append("WHEN edge.root IN (\(waiting)) THEN 1")
        }
        return cases.isEmpty ? "0" : "CASE \(cases.joined(separator: " ")) ELSE 0 END"
    }

    /// What the units lacked: the last thing in each one's trace.
    ///
    /// What several lack counts for the surest, then the first.
    private func noteMissing() throws {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO missing (kind, key, sureness, place, asked)
                SELECT trace.kind, trace.key, unit.sureness, unit.place, lack.asked
                FROM lack JOIN unit ON unit.item = lack.item JOIN trace ON trace.item = lack.item
                WHERE trace.position = (SELECT max(position) FROM trace own WHERE own.item = lack.item)
                ORDER BY unit.sureness, unit.place, lack.asked
                """
        )
    }

    // MARK: - Counts

    private func countUnits(_ tally: inout RehearsalTally) throws {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT place, sureness, kind, count(*) AS units, sum(unsettled) AS unsettled
                FROM unit GROUP BY 1, 2, 3
                """
        )
        for row in rows {
            guard let sureness = Sureness(rawValue: row["sureness"]), let kind = Kind(rawValue: row["kind"])
            else { continue }
            let place: Int = row["place"]
            tally.stages[place].unsettled += row["unsettled"]
            switch kind {
            case .reused: tally.stages[place].reused[sureness] += row["units"]
            case .done: tally.stages[place].redone[sureness] += row["units"]
            case .new: tally.stages[place].new[sureness] += row["units"]
            }
        }
    }

    /// How many items selectors kept.
    private func countKept(_ tally: inout RehearsalTally) throws {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT place, count(*) AS kept FROM unit JOIN item ON item.key = unit.item
                WHERE item.state = \(ItemState.kept.rawValue) GROUP BY 1
                """
        )
        for row in rows { tally.stages[row["place"]].kept = row["kept"] }
    }

    private func countLacking(_ tally: inout RehearsalTally) throws {
        let units = try Row.fetchAll(
            database,
            sql: """
                SELECT unit.place, unit.sureness, count(*) AS units, sum(NOT has_precedent) AS unforeseen
                FROM lack JOIN unit ON unit.item = lack.item GROUP BY 1, 2
                """
        )
        for row in units {
            guard let sureness = Sureness(rawValue: row["sureness"]) else { continue }
            tally.stages[row["place"]].lacking[sureness] = row["units"]
            tally.stages[row["place"]].unforeseen[sureness] = row["unforeseen"]
        }
        let used = try Row.fetchAll(
            database,
            sql: """
                SELECT unit.place, unit.sureness, trace.kind, count(*) AS uses, count(DISTINCT trace.key) AS known
                FROM lack JOIN unit ON unit.item = lack.item JOIN trace ON trace.item = lack.item GROUP BY 1, 2, 3
                """
        )
        for row in used {
            guard let sureness = Sureness(rawValue: row["sureness"]) else { continue }
            let place: Int = row["place"]
            if row["kind"] == TraceKind.call.rawValue {
                tally.stages[place].knownReplies[sureness] = row["uses"]
                tally.stages[place].known.replies[sureness] = row["known"]
            } else {
                tally.stages[place].known.executions[sureness] = row["known"]
            }
        }
    }

    private func countUses(_ tally: inout RehearsalTally) throws {
        for (column, isTotal) in [("unit.place", false), ("unit.place * 0", true)] {
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT place, kind, sureness, count(*) AS uses FROM (
                        SELECT \(column) AS place, trace.kind, min(unit.sureness) AS sureness
                        FROM unit JOIN trace ON trace.item = unit.item
                        WHERE NOT EXISTS (
                            SELECT 1 FROM missing WHERE missing.kind = trace.kind AND missing.key = trace.key)
                        GROUP BY \(column), trace.kind, trace.key
                    ) GROUP BY 1, 2, 3
                    """
            )
            for row in rows {
                guard let sureness = Sureness(rawValue: row["sureness"]) else { continue }
                let path: WritableKeyPath<RehearsalTally.Uses, RehearsalTally.Counts> =
                    row["kind"] == TraceKind.call.rawValue ? \.replies : \.executions
                if isTotal {
                    tally.uses[keyPath: path][sureness] = row["uses"]
                } else {
                    tally.stages[row["place"]].uses[keyPath: path][sureness] = row["uses"]
                }
            }
        }
    }

    private func countMissing(_ tally: inout RehearsalTally) throws {
        let rows = try Row.fetchAll(
            database,
            sql:
                "SELECT place, kind, asked, sureness, count(*) AS n FROM missing GROUP BY 1, 2, 3, 4 ORDER BY 1, 3"
        )
        for row in rows {
            guard let sureness = Sureness(rawValue: row["sureness"]) else { continue }
            let place: Int = row["place"]
            guard row["kind"] == TraceKind.call.rawValue else {
                tally.stages[place].executionsToRun[sureness] += row["n"]
                continue
            }
            let asked = RehearsalTally.Purchase(asked: row["asked"])
            let own = tally.stages[place].purchases
            let index =
                own.firstIndex { $0.role == asked.role && $0.model == asked.model } ?? own.count
            if index == own.count { tally.stages[place].purchases.append(asked) }
            tally.stages[place].purchases[index].replies[sureness] += row["n"]
        }
    }
}

extension RehearsalTally.Purchase {
    /// What the summary of a unit that lacks a reply says.
    package static func asked(role: String, model: String) -> String { "\(role)\n\(model)" }

    fileprivate init(asked: String) {
        let parts = asked.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(role: String(parts[0]), model: parts.count > 1 ? String(parts[1]) : "")
    }
}
