import CorpusKit
import CorpusLedger

/// Goes through the rejects of a run, shows some and counts all.
struct RejectList {
    let text: RejectText
    let isJSON: Bool

    /// Shows the first ones.
    func show(first most: Int, from reader: RejectReader, _ filter: RejectFilter) throws {
        var groups = RejectGroups()
        // Whoever wants all of them as JSON is told nothing else.
        try reader.forEach(matching: filter) { place in
            groups.count(place)
            if groups.total <= most { try show(reader.reject(at: place)) }
        }
        finish(
            groups,
            shown: min(most, groups.total),
            filter,
            hint: "`--limit 0` lists all, `--sample 20` some of them"
        )
    }

    /// Shows some at random, in the order of the list.
    ///
    /// Reservoir sampling: the n-th takes a place with the probability that keeps every choice equally likely, and no more
    /// than the chosen are in memory.
    func show(_ size: Int, from reader: RejectReader, _ filter: RejectFilter, randomSeed: Int) throws {
        var groups = RejectGroups()
        var random = RandomStream(seed: randomSeed, purpose: ["rejects"])
        var chosen: [(number: Int, place: RejectPlace)] = []
        try reader.forEach(matching: filter) { place in
            groups.count(place)
            if chosen.count < size {
                chosen.append((groups.total, place))
            } else {
                let index = random.below(groups.total)
                if index < size { chosen[index] = (groups.total, place) }
            }
        }
        for (_, place) in chosen.sorted(by: { $0.number < $1.number }) { try show(reader.reject(at: place)) }
        finish(groups, shown: chosen.count, filter, hint: "another `--random-seed` chooses others")
    }

    private func show(_ reject: Reject) {
        if isJSON {
            Terminal.print(line: text.json(of: reject))
        } else {
            text.lines(of: reject).forEach { Terminal.print(painted: $0) }
        }
    }

    private func finish(_ groups: RejectGroups, shown: Int, _ filter: RejectFilter, hint: String) {
        let left = groups.total - shown
        if isJSON {
            if left > 0 { Terminal.tell("\(Amount.count(left)) more; \(hint)") }
            return
        }
        guard groups.total > 0 else {
            let isAll = filter == RejectFilter()
            Terminal.print(isAll ? "nothing was dropped, and nothing failed" : "no reject fits the filters")
            return
        }
        if left > 0 { Terminal.print("… and \(Amount.count(left)) more; \(hint)\n") }
        groups.lines(text.paint).forEach { Terminal.print(painted: $0) }
    }
}

/// How many ended in which way.
struct RejectGroups {
    private struct Group: Hashable {
        var isFailure: Bool
        var reason: String
        var stage: String
    }

    private var counts: [Group: Int] = [:]
    private(set) var total = 0

    mutating func count(_ place: RejectPlace) {
        total += 1
        counts[
            Group(isFailure: place.isFailure, reason: place.reason, stage: place.stage.name),
            default: 0
        ] += 1
    }

    func lines(_ paint: Paint) -> [String] {
        var table = TextTable(right: [1])
        let sorted = counts.sorted { left, right in
            (left.key.isFailure ? 1 : 0, -left.value, left.key.reason, left.key.stage)
                < (right.key.isFailure ? 1 : 0, -right.value, right.key.reason, right.key.stage)
        }
        for (group, count) in sorted {
            table.add(group.isFailure ? "failed" : "dropped", Amount.count(count), group.reason, group.stage)
        }
        let failed = counts.filter(\.key.isFailure).values.reduce(0, +)
        let head =
            "\(Amount.count(total)) in all: \(Amount.count(total - failed)) dropped, \(Amount.count(failed)) failed"
        return [paint.bold(head)] + table.lines.map(\.shown)
    }
}

/// A reject for people and programs.
struct RejectText {
    private static let beginning = 300

    let paint: Paint
    let isFull: Bool

    /// The lines hold colours and are harmless otherwise; an empty one comes last.
    func lines(of reject: Reject) -> [String] {
        let place = reject.place
        let state = place.isFailure ? paint.red("failed") : paint.yellow("dropped")
        let stage = "at \(place.stage.name): \(place.stage.plugin)"
        let id = reject.id.map { "  " + $0 } ?? ""
        var lines = ["\(state) \(paint.bold(place.reason.shown)) \((stage + id).shown)"]
        // A summary or evidence that only names the rival's key says less than the line on the rival.
        let rival = reject.detail["rival"]?.text
        if !reject.summary.isEmpty, rival.map({ reject.summary != "rival \($0)" }) ?? true {
            lines.append("  \(reject.summary.onOneLine.shown)")
        }
        lines += evidence(of: reject)
        if let rival = reject.rival { lines.append("  lost to \(rival.onOneLine.shown)") }
        lines.append("  " + facts(about: reject).onOneLine.shown)
        if isFull {
            for text in reject.texts { lines += block(text.place, text.text) }
        } else if let text = reject.texts.first {
            lines.append(paint.dim("  │ ") + cut(text.text).onOneLine.shown)
        }
        return lines + [""]
    }

    /// What checks saw, unless the summary says it all.
    private func evidence(of reject: Reject) -> [String] {
        reject.evidence.compactMap { evidence in
            var evidence = evidence
            evidence.detail["rival"] = nil
            guard !evidence.detail.isEmpty || evidence.score != nil else { return nil }
            let score = evidence.score.map { " \($0)" } ?? ""
            let detail = cut(JSONValue.object(evidence.detail).canonical)
            return "  evidence \(evidence.check)\(score)\(evidence.detail.isEmpty ? "" : " " + detail)".shown
        }
    }

    private func facts(about reject: Reject) -> String {
        var facts = ["from \(reject.origin.source), \(reject.origin.description)"]
        if reject.origin.path == nil { facts = ["from \(reject.origin.source)"] }
        if reject.calls > 0 {
            facts.append(
                "\(Amount.count(reject.calls)) \(reject.calls == 1 ? "call" : "calls") for \(Amount.dollars(reject.cost))"
            )
        }
        if !reject.labels.isEmpty { facts.append("labels \(JSONValue.object(reject.labels).canonical)") }
        return facts.joined(separator: ", ")
    }

    private func block(_ title: String, _ text: String) -> [String] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return ["  ┌ \(title.onOneLine.shown)"] + lines.map { "  │ " + String($0).shown }
    }

    private func cut(_ text: String) -> String {
        let beginning = text.prefix(Self.beginning)
        return isFull || beginning.endIndex == text.endIndex ? text : beginning + "…"
    }

    func json(of reject: Reject) -> JSONValue {
        let place = reject.place
        let text = reject.texts.first?.text
        let shown = text.map(cut)
        var members: [String: JSONValue] = [
            "schema": 1, "state": place.isFailure ? "failed" : "dropped", "reason": .string(place.reason),
            "stage": .string(place.stage.name), "verb": .string(place.stage.verb),
            "plugin": .string(place.stage.plugin), "key": .string(place.key.description),
            "id": reject.id.map(JSONValue.string) ?? .null,
            "rival": reject.rival.map(JSONValue.string) ?? .null,
            "summary": .string(reject.summary), "detail": .object(reject.detail),
            "evidence": .array(reject.evidence.map(\.json)), "source": .string(reject.origin.source),
            "origin": .string(reject.origin.description),
            "licence": reject.licence.map(JSONValue.string) ?? .null,
            "labels": .object(reject.labels), "calls": .int(reject.calls),
            "usd": reject.cost.map { .number(Double($0) / 1e9) } ?? .null,
            "text": shown.map(JSONValue.string) ?? .null, "is_cut": .bool(shown != text),
        ]
        if isFull {
            members["texts"] = .array(
                reject.texts.map { ["place": .string($0.place), "text": .string($0.text)] }
            )
        }
        return .object(members)
    }
}
