import CorpusKit
import CorpusModel
import Testing

/// Templates are compared with Jinja2 itself: equal output, or an error on both sides.
@Suite("Comparison with Jinja2")
struct JinjaComparisonTests {
    @Test("Written and random templates give what Jinja2 gives", .timeLimit(.minutes(5)))
    func comparison() async throws {
        let written = try JinjaCases.all.map { text in try Self.job(from: text) }
        let stricter = JinjaCases.stricter.map {
            Jinja.Job(template: $0, values: ["xs": [1], "m": ["a": 1]])
        }
        let random = (0..<600).map { seed in
            var generator = RandomTemplate(seed: seed)
            return Jinja.Job(template: generator.template(), values: RandomTemplate.values)
        }
        let jinja = try await Jinja()

        let expected = try await jinja.render(written + random + stricter)

        try #require(expected.count == written.count + random.count + stricter.count)
        for (job, text) in zip(written + random, expected) { compare(job, with: text) }
        for (job, text) in zip(stricter, expected.suffix(stricter.count)) {
            #expect(text != nil, "Jinja2 refuses this as well: \(job.template)")
            #expect(Self.render(job) == nil, "this should be refused: \(job.template)")
        }
        #expect(written.count >= 120)
        // A generator whose templates are mostly refused would compare nothing.
        let renderedCount = expected[written.count..<written.count + random.count].count { $0 != nil }
        #expect(renderedCount > random.count / 2)
        #expect(renderedCount < random.count)
    }

    private func compare(_ job: Jinja.Job, with expected: String?) {
        var problem = ""
        let text = Self.render(job) { problem = "\($0)" }
        #expect(
            text.map { Array($0.utf8) } == expected.map { Array($0.utf8) },
            "\(job.template.debugDescription) gave \(text?.debugDescription ?? problem), Jinja2 \(expected?.debugDescription ?? "an error")"
        )
    }

    private static func render(_ job: Jinja.Job, onError note: (any Error) -> Void = { _ in }) -> String? {
        do {
            return try PromptTemplate(job.template, includes: job.includes).rendered(with: job.values)
        } catch {
            note(error)
            return nil
        }
    }

    /// Reads `["template", {values}, {included templates}]`, of which the last two can be left out.
    private static func job(from json: String) throws -> Jinja.Job {
        let row = try JSONValue(parsing: json).elements ?? []
        let template = try #require(row.first?.text, "no template in \(json)")
        let included = row.count > 2 ? row[2].members ?? [:] : [:]
        return Jinja.Job(
            template: template,
            values: row.count > 1 ? row[1].members ?? [:] : [:],
            includes: included.compactMapValues(\.text)
        )
    }
}
