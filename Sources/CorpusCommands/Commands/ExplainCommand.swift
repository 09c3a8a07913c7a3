import ArgumentParser
import CorpusKit
import CorpusLedger
import Foundation

/// `corpusmith explain ID`: tells how a sample, or both sides of a pair, came to be and why they are believed.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell how a sample came to be: seed, prompts, replies, executions, verdicts",
        discussion: """
            Takes any id that Corpusmith prints or writes into rows, or the beginning of one, of eight digits or more: of a \
            sample (`smp_…`), of a pair (`pair_…`), or a key without a word in front, as of the rival that a duplicate \
            lost to, of the `task`, `group` and parents of an exported row, of a call or of an execution. Of a pair it tells \
            the story of both sides, of a call or an execution those of the items that it was made for. \
            Looks through the given run, or through all runs under output/, and names the one that it found.

            Exit codes: 0 found, 2 there is no such id, 64 bad command line.

            Example: corpusmith explain smp_a0e27981 --run output/quickstart
            """
    )

    @Argument(help: "An id, or its beginning")
    var id: String

    @Option(help: "The run's folder; default: every run under output/", completion: .directory)
    var run: String?

    @Flag(help: "Print the story as JSON on standard output")
    var json = false

    func run() async throws {
        try await reporting {
            let prefix = ["smp_", "pair_"].first { id.hasPrefix($0) }
            let digits = id.dropFirst(prefix?.count ?? 0)
            guard digits.count >= 8, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
                throw CommandProblem(
                    "bad-id",
                    "`\(id)` is no id",
                    hint:
                        "an id is at least eight hexadecimal digits, with `smp_` or `pair_` before those of a sample or a "
                        + "pair, as in the `id` of an exported row"
                )
            }
            for folder in try folders() {
                let isFound = try reading(RunFolder(path: folder).ledger) { ledger in
                    switch prefix {
                    case "smp_": try tell(id, in: folder, ledger)
                    case "pair_": try tellPairs(id, in: folder, ledger)
                    default:
                        try tell("smp_" + id, in: folder, ledger) || tell(key: id, in: folder, ledger)
                            || tellPairs("pair_" + id, in: folder, ledger)
                    }
                }
                if isFound {
                    if run == nil { Terminal.tell("told from the run \(folder)") }
                    return
                }
            }
            throw CommandProblem(
                prefix == "smp_" ? "unknown-sample" : prefix == "pair_" ? "unknown-pair" : "unknown-id",
                run.map { "the run `\($0)` does not know `\(id)`" } ?? "no run under output/ knows `\(id)`",
                hint: run == nil
                    ? "name the run: `--run DIR`"
                    : "leave out `--run` to look through every run under output/"
            )
        }
    }

    private func folders() throws -> [String] {
        if let run { return [run] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "output")) ?? []
        return names.sorted().map { "output/\($0)" }.filter {
            FileManager.default.fileExists(atPath: RunFolder(path: $0).ledger)
        }
    }

    /// Whether the ledger knows the sample; its stories are told then.
    private func tell(_ id: String, in folder: String, _ ledger: Ledger) throws -> Bool {
        let stories = try ledger.story(of: id)
        guard !stories.isEmpty else { return false }
        show(stories, from: folder)
        if stories.count > 1, !json {
            Terminal.tell("\(stories.count) items of `\(folder)` have this content")
        }
        return true
    }

    /// Whether the ledger knows the key; the stories of the items that it stands for are told then.
    private func tell(key: String, in folder: String, _ ledger: Ledger) throws -> Bool {
        guard let (kind, stories) = try ledger.stories(ofKey: key) else { return false }
        show(stories, from: folder)
        guard !json else { return true }
        let items = counted(stories.count, "item")
        switch kind {
        case .item:
            if stories.count > 1 { Terminal.tell("`\(key)` is the beginning of the keys of \(items)") }
        case .unit: Terminal.tell("`\(key)` is the work of a stage on \(items)")
        case .call: Terminal.tell("`\(key)` is a call that was made for \(items)")
        case .execution: Terminal.tell("`\(key)` is an execution for \(items)")
        }
        return true
    }

    private func show(_ stories: [[StoryChapter]], from folder: String) {
        if json {
            let told = stories.map { JSONValue.array($0.map(StoryText.json)) }
            Terminal.print(["schema": 1, "run": .string(folder), "stories": .array(told)])
            return
        }
        for (index, story) in stories.enumerated() {
            if index > 0 { Terminal.print(Self.rule) }
            StoryText.lines(of: story).forEach { Terminal.print($0) }
        }
    }

    /// Whether the ledger knows the pair; the stories of both sides are told then, chosen first.
    private func tellPairs(_ id: String, in folder: String, _ ledger: Ledger) throws -> Bool {
        let pairs = try ledger.sides(ofPair: id)
        guard let first = pairs.first else { return false }
        guard pairs.count == 1 else {
            throw CommandProblem(
                "bad-id",
                "`\(id)` is the beginning of \(pairs.count) pairs: \(pairs.map(\.id).joined(separator: ", "))",
                hint: "write more of the id"
            )
        }
        let sides = [
            ("chosen", try ledger.story(of: first.chosen) ?? []),
            ("rejected", try ledger.story(of: first.rejected) ?? []),
        ]
        if json {
            let told = sides.map { JSONValue.array($0.1.map(StoryText.json)) }
            let pair = JSONValue.string(first.id)
            Terminal.print(["schema": 1, "run": .string(folder), "pair": pair, "stories": .array(told)])
            return true
        }
        for (index, (side, story)) in sides.enumerated() {
            if index > 0 { Terminal.print(Self.rule) }
            Terminal.print("\(side) side of \(first.id)\n")
            StoryText.lines(of: story).forEach { Terminal.print($0) }
        }
        return true
    }

    private static let rule = "\n\(String(repeating: "═", count: 72))\n"
}

/// A story for people and programs.
enum StoryText {
    static func lines(of story: [StoryChapter]) -> [String] {
        var lines: [String] = []
        for (depth, chapter) in story.enumerated() {
            let step = chapter.made
            let kind = depth == 0 ? "seed" : "draft"
            lines.append("\(kind) \(chapter.draft.contentID)")
            lines.append(
                depth == 0
                    ? "  from \(chapter.draft.origin.description), licence \(chapter.draft.licence ?? "unknown")"
                    : "  by \(step.stage): \(step.plugin) \(step.version)"
                        + (chapter.draft.note.map { " (\($0.onOneLine))" } ?? "")
            )
            for (number, call) in step.calls.enumerated() { lines += callLines(call, number) }
            for execution in step.executions { lines += executionLines(execution) }
            lines += contentLines(chapter.draft.content)
            for judged in chapter.judged { lines += verdictLines(judged) }
            lines.append("")
        }
        return Array(lines.dropLast())
    }

    private static func callLines(_ call: StoryStep.Call, _ number: Int) -> [String] {
        let usage =
            call.reply.usage.map { "\($0.input) + \(counted($0.output, "token"))" } ?? "tokens unknown"
        var lines = [
            "  call \(number + 1) to \(call.model): \(usage), ended by \(call.reply.finish.rawValue)"
        ]
        if call.isDropped { return lines + ["  prompt and reply were dropped by `ledger vacuum`"] }
        for message in call.request["messages"]?.elements ?? [] {
            let calls = (message["tool_calls"]?.elements ?? []).compactMap(ToolCall.init(json:))
            let text = message["content"]?.text ?? ""
            lines += block("prompt, \(message["role"]?.text ?? "")", told(text, calls))
        }
        if let prompt = call.request["prompt"]?.text { lines += block("prompt, raw", prompt) }
        for text in call.request["embed"]?.elements ?? [] { lines += block("text", text.text ?? "") }
        if let length = call.reply.vectors.first?.count {
            return lines
                + block(
                    "reply",
                    "\(counted(call.reply.vectors.count, "vector")) of \(counted(length, "number"))"
                )
        }
        return lines + block("reply", told(call.reply.text, call.reply.toolCalls))
    }

    /// What a turn says, and the functions that it asks for.
    private static func told(_ text: String, _ calls: [ToolCall]) -> String {
        let asked = calls.map { "→ \($0.name) \($0.arguments)" }
        return ((text.isEmpty && !asked.isEmpty ? [] : [text]) + asked).joined(separator: "\n")
    }

    private static func executionLines(_ execution: StoryStep.Execution) -> [String] {
        guard let result = execution.result else {
            return ["  run \(execution.key): its result was dropped by `ledger vacuum`"]
        }
        return [
            "  run \(execution.key): \(result.verdict.rawValue), \(result.passed) of \(counted(result.total, "test")) passed, "
                + "\(result.toolchain), isolation \(result.isolation)"
        ]
    }

    private static func contentLines(_ content: Content) -> [String] {
        var lines: [String] = []
        for message in content.messages { lines += block(message.role.rawValue, message.content) }
        if content.messages.isEmpty, let instruction = content.fields["instruction"]?.text {
            lines += block("instruction", instruction)
        }
        if !content.labels.isEmpty { lines.append("  labels \(JSONValue.object(content.labels).canonical)") }
        return lines
    }

    private static func verdictLines(_ step: StoryStep) -> [String] {
        var line = "  \(step.stage): \(step.plugin) → \(step.state)"
        if let reason = step.reason { line += " (\(reason))" }
        if !step.summary.isEmpty { line += ", \(step.summary.onOneLine)" }
        var lines = [line]
        for evidence in step.evidence where !evidence.detail.isEmpty || evidence.score != nil {
            let score = evidence.score.map { " \($0)" } ?? ""
            lines.append(
                "    evidence \(evidence.check)\(score) \(JSONValue.object(evidence.detail).canonical)"
            )
        }
        for call in step.calls {
            let reply = call.isDropped ? "dropped by `ledger vacuum`" : String(call.reply.text.prefix(200))
            lines.append("    call to \(call.model): \(reply.onOneLine)")
        }
        for execution in step.executions { lines += executionLines(execution).map { "  " + $0 } }
        return lines
    }

    private static func block(_ title: String, _ text: String) -> [String] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return ["  ┌ \(title)"] + lines.map { "  │ " + $0 }
    }

    static func json(_ chapter: StoryChapter) -> JSONValue {
        [
            "id": .string(chapter.draft.contentID), "key": .string(chapter.draft.key.description),
            "content": chapter.draft.content.json, "origin": chapter.draft.origin.json,
            "licence": chapter.draft.licence.map(JSONValue.string) ?? .null, "made_by": json(chapter.made),
            "judged_by": .array(chapter.judged.map(json)),
        ]
    }

    private static func json(_ step: StoryStep) -> JSONValue {
        [
            "stage": .string(step.stage), "verb": .string(step.verb), "plugin": .string(step.plugin),
            "version": .int(step.version), "state": .string("\(step.state)"),
            "reason": step.reason.map(JSONValue.string) ?? .null, "summary": .string(step.summary),
            "detail": .object(step.detail), "evidence": .array(step.evidence.map(\.json)),
            "calls": .array(
                step.calls.map { call in
                    [
                        "key": .string(call.key.description), "model": .string(call.model),
                        "endpoint": .string(call.endpoint), "request": call.request,
                        "reply": call.isDropped ? .null : .string(call.reply.text),
                        "finish": .string(call.reply.finish.rawValue),
                    ]
                }
            ),
            "executions": .array(
                step.executions.map {
                    [
                        "key": .string($0.key.description), "job": $0.job, "result": $0.result?.json ?? .null,
                    ]
                }
            ),
        ]
    }
}

extension String {
    /// The text with a space in place of each line end, so that it cannot pass for lines of ours.
    var onOneLine: String {
        split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
    }
}
