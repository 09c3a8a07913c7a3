import CorpusModel
import GRDB

extension RunReport {
    /// What became of the recipe's `target:`.
    package struct Target: Sendable, Hashable {
        /// One combination of the target's labels; the only one of a target without strata is called `all`.
        package struct Cell: Sendable, Hashable {
            package var name: String
            /// How many samples it was to have.
            package var quota: Int
            /// How many it has.
            package var chosen = 0
            /// How many more there were.
            package var surplus = 0
            /// Units that were not begun, since the cell was full.
            package var spared = 0
            /// Of a cell that stayed open: why candidates that carried its labels from the start were lost.
            package var losses: [String: Int] = [:]

            package var isFull: Bool { chosen >= quota }
        }

        package var at: String
        package var accepted: Int
        package var labels: [String]
        package var cells: [Cell]
        /// Rows of the sources that were read.
        package var rows: Int
        /// Samples, and units that were not begun, that belong to no cell.
        package var outside = 0
        /// Whether the samples have been chosen: until then nobody knows.
        package var isChosen: Bool

        package var chosen: Int { cells.reduce(0) { $0 + $1.chosen } }
    }
}

extension RunReport.Target {
    var json: JSONValue {
        [
            "at": .string(at), "accepted": .int(accepted), "chosen": isChosen ? .int(chosen) : .null,
            "labels": .array(labels.map(JSONValue.string)), "rows_read": .int(rows),
            "outside_strata": .int(outside),
            "cells": .array(
                cells.map { cell in
                    [
                        "name": .string(cell.name), "quota": .int(cell.quota),
                        "chosen": isChosen ? .int(cell.chosen) : .null, "surplus": .int(cell.surplus),
                        "spared": .int(cell.spared), "losses": .object(cell.losses.mapValues(JSONValue.int)),
                    ]
                }
            ),
        ]
    }
}

extension ReportReader {
    /// What became of the target; nil where the plan has none.
    func target(_ nodes: [(id: Int, stage: RunReport.Stage)], isDone: Bool) throws -> RunReport.Target? {
        guard let plan = plan["target"], let at = plan["at"]?.text, let accepted = plan["accepted"]?.whole,
            let node = nodes.first(where: { $0.stage.name == "target" && $0.stage.verb == "select" })
        else { return nil }
        let labels = plan["labels"]?.elements?.compactMap(\.text) ?? []
        let choices = try Row.fetchAll(
            database,
            sql: """
                SELECT json_extract(detail, '$.cell') AS cell, state, count(*) AS n FROM item
                WHERE stage = \(node.id) AND pass = \(pass) GROUP BY 1, 2
                """
        )
        let spared = try tally(
            """
            SELECT json_extract(detail, '$.cell'), count(*) FROM item
            WHERE pass = \(pass) AND reason = 'cell-full' GROUP BY 1
            """
        )
        let reading = nodes.filter { $0.stage.verb == "read" }.map { String($0.id) }.joined(separator: ",")
        var target = RunReport.Target(
            at: at,
            accepted: accepted,
            labels: labels,
            cells: [],
            rows: try count("SELECT count(*) FROM item WHERE pass = \(pass) AND stage IN (\(reading))"),
            isChosen: isDone || !choices.isEmpty
        )
        for cell in plan["cells"]?.elements ?? [] {
            let name = cell["name"]?.text ?? ""
            var row = RunReport.Target.Cell(name: name, quota: cell["quota"]?.whole ?? 0)
            for choice in choices where choice["cell"] as String? == name {
                if choice["state"] == ItemState.kept.rawValue {
                    row.chosen += choice["n"]
                } else {
                    row.surplus += choice["n"]
                }
            }
            row.spared = spared[name] ?? 0
            if target.isChosen, !row.isFull {
                row.losses = try losses(labels, cell["values"]?.elements?.compactMap(\.text) ?? [])
            }
            target.cells.append(row)
        }
        target.outside = try count(
            "SELECT count(*) FROM item WHERE pass = \(pass) AND reason = 'outside-strata' AND part = 0"
        )
        return target
    }

    private func losses(_ labels: [String], _ values: [String]) throws -> [String: Int] {
        let conditions = labels.indices.map { _ in
            "CAST(json_extract(edge.labels, ?) AS TEXT) = ?"
        }
        let arguments = zip(labels, values).flatMap { label, value in
            ["$." + JSONValue.string(label).canonical, value]
        }
        return try Row.fetchAll(
            database,
            sql: """
                SELECT item.reason AS reason, count(*) AS n FROM item JOIN edge ON edge.child = item.input
                WHERE item.pass = \(pass) AND item.state IN (2, 3, 4, 5) AND item.reason IS NOT NULL
                    AND item.reason NOT IN ('beyond-target', 'cell-full')
                    AND \((["1"] + conditions).joined(separator: " AND "))
                GROUP BY 1 ORDER BY n DESC, reason LIMIT 5
                """,
            arguments: StatementArguments(arguments)
        ).reduce(into: [:]) { $0[$1["reason"]] = $1["n"] }
    }
}
