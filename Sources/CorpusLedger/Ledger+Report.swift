import CorpusModel
import GRDB

extension Ledger {
    /// What the latest pass came to.
    ///
    /// - Throws: ``LedgerProblem``.
    package func report() throws(LedgerProblem) -> RunReport {
        try Self.wrapping(path) {
            try tryIndexes()
            return try pool.read { database in
                guard
                    let last = try Row.fetchOne(
                        database,
                        sql: "SELECT id, name, state, product, plan FROM pass ORDER BY id DESC LIMIT 1"
                    )
                else { throw LedgerProblem.noRun(in: path) }
                guard last["state"] != SharedLedger.state else { throw LedgerProblem.shared(path) }
                var report = RunReport(name: last["name"], state: last["state"], product: last["product"])
                let plan = try JSONValue(parsing: last["plan"] as String)
                let reader = ReportReader(database: database, pass: last["id"], plan: plan)
                try reader.fill(&report)
                let parts = [plan["shard"]?["index"]?.whole, plan["shard"]?["count"]?.whole].compactMap(
                    \.self
                )
                if parts.count == 2 { report.shard = "\(parts[0])/\(parts[1])" }
                report.mergedShards = Set(try Self.mergedPasses(database).keys.map(\.shard)).sorted()
                return report
            }
        }
    }

    /// What was wrong with rows of sources in this pass, each with its file and line.
    ///
    /// - Parameter limit: The most rows to name.
    /// - Returns: The first ones by place, and how many there are in all.
    /// - Throws: ``LedgerProblem``.
    package func unreadableRows(limit: Int) throws(LedgerProblem) -> (named: [String], count: Int) {
        try Self.wrapping(path) {
            try pool.read { database in
                let rows =
                    "FROM item JOIN stage ON stage.id = item.stage WHERE pass = ? AND verb = 'read' AND state = 5"
                let named = try String.fetchAll(
                    database,
                    sql: "SELECT summary \(rows) ORDER BY length(summary), summary LIMIT ?",
                    arguments: [pass, limit]
                )
                return (
                    named, try Int.fetchOne(database, sql: "SELECT count(*) \(rows)", arguments: [pass]) ?? 0
                )
            }
        }
    }

    /// The recipe of the latest pass.
    package func latestRecipe() throws(LedgerProblem) -> String {
        try Self.wrapping(path) {
            try pool.read {
                try String.fetchOne($0, sql: "SELECT recipe FROM pass ORDER BY id DESC LIMIT 1") ?? ""
            }
        }
    }
}

/// Asks the questions of a report.
struct ReportReader {
    let database: Database
    let pass: Int
    let plan: JSONValue

    func fill(_ report: inout RunReport) throws {
        let nodes = try numberedNodes()
        let judging = nodes.filter { !["read", "generate"].contains($0.stage.verb) }
        let making = nodes.filter { ["read", "generate"].contains($0.stage.verb) }
        try countMade(making.map(\.id), &report.counts)
        try countJudged(judging.map(\.id), making: making.map(\.id), &report.counts)
        report.stages = try nodes.map { try stage($0.stage, $0.id) }
        let reading = nodes.filter { $0.stage.verb == "read" }.map(\.id)
        report.seeds = try count(
            "SELECT count(*) FROM item WHERE pass = \(pass) AND state = 0 AND stage IN (\(list(reading)))"
        )
        report.sources = try nodes.filter { $0.stage.verb == "read" }.map(source)
        let recipe = try String.fetchOne(database, sql: "SELECT recipe FROM pass WHERE id = \(pass)")
        report.recipe = Digest(of: recipe ?? "")
        let pairing = nodes.filter { $0.stage.verb == "pair" }.map(\.id)
        report.pairs = try count(
            "SELECT count(*) FROM pair WHERE pass = \(pass) AND stage IN (\(list(pairing)))"
        )
        report.spending = try spending()
        report.costs = try costs()
        report.target = try target(nodes, isDone: report.state == "done")
        report.files = try Row.fetchAll(
            database,
            sql: "SELECT * FROM file WHERE pass = \(pass) ORDER BY path"
        ).map {
            FileRecord(
                export: $0["export"],
                path: $0["path"],
                split: $0["split"],
                rows: $0["rows"],
                bytes: $0["bytes"],
                digest: $0["digest"]
            )
        }
        report.licences = try tally(
            """
            SELECT coalesce(licence, 'unknown'), count(*) FROM edge WHERE child IN (
                SELECT leaf.root FROM item JOIN edge leaf ON leaf.child = item.input
                WHERE item.pass = \(pass) AND item.part = 0 AND item.state IN (7, 8))
            GROUP BY 1
            """
        )
    }

    private func source(_ node: (id: Int, stage: RunReport.Stage)) throws -> RunReport.Source {
        var hasher = Hasher256()
        var seeds = 0
        let ids = try String.fetchCursor(
            database,
            sql: """
                SELECT edge.sample FROM item JOIN edge ON edge.item = item.key
                WHERE item.stage = \(node.id) AND item.pass = \(pass) ORDER BY edge.sample
                """
        )
        while let id = try ids.next() {
            hasher.update(Array("\(id)\n".utf8))
            seeds += 1
        }
        return RunReport.Source(name: node.stage.name, seeds: seeds, digest: hasher.finish())
    }

    func numberedNodes() throws -> [(id: Int, stage: RunReport.Stage)] {
        try (plan["nodes"]?.elements ?? []).compactMap { node in
            guard let digest = node["digest"]?.text, let name = node["name"]?.text,
                let verb = node["verb"]?.text,
                let plugin = node["plugin"]?.text,
                let id = try Int.fetchOne(
                    database,
                    sql: "SELECT id FROM stage WHERE lower(hex(digest)) = ?",
                    arguments: [digest]
                )
            else { return nil }
            return (id, RunReport.Stage(name: name, verb: verb, plugin: plugin))
        }
    }

    /// Units of sources and generators that gave nothing, and what generators threw away.
    private func countMade(_ stages: [Int], _ counts: inout RunReport.Counts) throws {
        // A unit that ends with drops which are booked one by one is not counted a second time itself; one that
        // failed is, since its failure is none of them.
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT state, coalesce(reason, 'unknown') AS reason, count(*) AS n FROM item
                WHERE pass = \(pass) AND stage IN (\(list(stages))) AND state IN (4, 5)
                    AND (part > 0 OR drops = 0 OR state = 5)
                GROUP BY 1, 2
                """
        )
        for row in rows {
            if row["state"] == ItemState.failed.rawValue {
                counts.failed[row["reason"], default: 0] += row["n"]
            } else {
                counts.dropped[row["reason"], default: 0] += row["n"]
            }
        }
    }

    /// Every draft by its final state: exported beats dropped beats failed; of several drops the earliest stage's.
    ///
    /// A draft that only fed generators is a parent, not a candidate: its children are.
    private func countJudged(_ stages: [Int], making: [Int], _ counts: inout RunReport.Counts) throws {
        let order = stages.enumerated().map { "WHEN \($1) THEN \($0)" }.joined(separator: " ")
        // The earliest stage's, found in one reading: a killed pass may have no indexes.
        let position = stages.isEmpty ? "i.stage" : "CASE i.stage \(order) END"
        let reason = "printf('%06d', \(position)) || coalesce(i.reason, 'unknown')"
        let rows = try Row.fetchAll(
            database,
            sql: """
                WITH final AS (
                    SELECT e.child, max(
                        CASE WHEN i.stage NOT IN (\(list(stages))) THEN 0 WHEN i.state IN (7, 8) THEN 3
                             WHEN i.state IN (2, 3, 4) THEN 2 WHEN i.state = 5 THEN 1 ELSE 0 END
                    ) AS class,
                    max(CASE WHEN i.stage IN (\(list(making))) THEN 1 ELSE 0 END) AS fed,
                    min(CASE WHEN i.stage IN (\(list(stages))) AND i.state IN (2, 3, 4) THEN \(reason) END) AS dropped,
                    min(CASE WHEN i.stage IN (\(list(stages))) AND i.state = 5 THEN \(reason) END) AS failed
                    FROM edge e JOIN item u ON u.key = e.item AND u.pass = \(pass)
                    LEFT JOIN item i ON i.input = e.child AND i.pass = \(pass) AND i.part = 0
                        AND i.stage IN (\(list(stages + making)))
                    WHERE u.stage IN (\(list(making)))
                    GROUP BY e.child
                )
                SELECT class, fed, substr(CASE class WHEN 2 THEN dropped WHEN 1 THEN failed END, 7) AS reason, count(*) AS n
                FROM final GROUP BY 1, 2, 3
                """
        )
        for row in rows {
            let reason: String = row["reason"] ?? "unknown"
            let n: Int = row["n"]
            switch row["class"] as Int {
            case 3: counts.exported += n
            case 2: counts.dropped[reason, default: 0] += n
            case 1: counts.failed[reason, default: 0] += n
            default: if row["fed"] == 0 { counts.open += n }
            }
        }
    }

    private func stage(_ stage: RunReport.Stage, _ id: Int) throws -> RunReport.Stage {
        var stage = stage
        let names = Dictionary(
            uniqueKeysWithValues: ItemState.allCases.map { (String($0.rawValue), "\($0)") }
        )
        let states = try tally(
            "SELECT CAST(state AS TEXT), count(*) FROM item WHERE pass = \(pass) AND stage = \(id) AND part = 0 GROUP BY 1"
        )
        for (state, n) in states { stage.units[names[state] ?? state] = n }
        stage.reasons = try tally(
            """
            SELECT reason, count(*) FROM item WHERE pass = \(pass) AND stage = \(id) AND reason IS NOT NULL
                AND (part > 0 OR drops = 0 OR state IN (2, 3, 5)) GROUP BY 1
            """
        )
        stage.drafts = try count(
            "SELECT count(*) FROM edge JOIN item ON item.key = edge.item WHERE item.pass = \(pass) AND item.stage = \(id)"
        )
        stage.executions = try count(
            """
            SELECT count(DISTINCT trace.key) FROM trace JOIN item ON item.key = trace.item
            WHERE item.pass = \(pass) AND item.stage = \(id) AND kind = 1
            """
        )
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT count(*) AS calls, coalesce(sum(input + output), 0) AS tokens, sum(cost) AS cost,
                    count(cost) AS priced,
                    coalesce(sum(milliseconds), 0) / 1000.0 AS seconds
                FROM call WHERE key IN (
                    SELECT trace.key FROM trace JOIN item ON item.key = trace.item
                    WHERE item.pass = \(pass) AND item.stage = \(id) AND kind = 0)
                """
        )
        stage.calls = row?["calls"] ?? 0
        stage.tokens = row?["tokens"] ?? 0
        stage.cost = row.flatMap { $0["priced"] == stage.calls ? $0["cost"] ?? 0 : nil }
        stage.seconds = row?["seconds"] ?? 0
        return stage
    }

    private func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ",") }

    func count(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }

    func tally(_ sql: String) throws -> [String: Int] {
        try Row.fetchAll(database, sql: sql).reduce(into: [:]) { $0[$1[0] as String] = $1[1] }
    }
}
