import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Forms that no schema can tell")
struct GrammarTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let field: SchemaField
        let grammar: Grammar
        let name: String
        let value: JSONValue
        var testDescription: String { "\(name) \(value.canonical)" }
    }

    private static let rows: [Row] = [
        Row(
            field: .structuredOutputs,
            grammar: .gbnf("root ::= \"a\""),
            name: "structured_outputs",
            value: ["grammar": "root ::= \"a\""]
        ),
        Row(
            field: .structuredOutputs,
            grammar: .regex("[ab]+"),
            name: "structured_outputs",
            value: ["regex": "[ab]+"]
        ),
        Row(
            field: .structuredOutputs,
            grammar: .choice(["a", "b"]),
            name: "structured_outputs",
            value: ["choice": ["a", "b"]]
        ),
        Row(
            field: .guidedJSON,
            grammar: .gbnf("root ::= \"a\""),
            name: "guided_grammar",
            value: "root ::= \"a\""
        ),
        Row(field: .guidedJSON, grammar: .regex("[ab]+"), name: "guided_regex", value: "[ab]+"),
        Row(field: .guidedJSON, grammar: .choice(["a", "b"]), name: "guided_choice", value: ["a", "b"]),
        Row(field: .jsonSchema, grammar: .gbnf("root ::= \"a\""), name: "grammar", value: "root ::= \"a\""),
        Row(
            field: .jsonSchema,
            grammar: .choice(["a", "b\"\n"]),
            name: "grammar",
            value: #"root ::= "a" | "b\"\n""#
        ),
    ]

    @Test("A grammar is sent in the field that the server knows", arguments: rows)
    func fields(row: Row) throws {
        var turns = request()
        turns.grammar = row.grammar
        var raw = ModelRequest(model: "teacher", prompt: "a", sampling: Sampling())
        raw.grammar = row.grammar
        for (api, request) in [(EndpointAPI.openai, turns), (.openaiCompletions, raw)] {
            let body = try dialect(api) { $0.schemaField = row.field }.body(for: request)
            #expect(try JSONValue(parsing: body)[row.name] == row.value)
        }
    }

    @Test(
        "Where there are no words for it, a grammar is refused before anything is sent",
        arguments: [
            (
                EndpointAPI.openai, nil,
                "the API `openai` has no words for a regular expression under `schema: response_format`"
            ),
            (
                .openai, .jsonSchema,
                "the API `openai` has no words for a regular expression under `schema: json_schema`"
            ),
            (.openai, .unsent, "the API `openai` has no words for a regular expression under `schema: none`"),
            (.anthropic, nil, "the API `anthropic` takes no grammar"),
            (.gemini, nil, "the API `gemini` takes no grammar"),
            (.openaiResponses, nil, "the API `openai-responses` takes no grammar"),
        ] as [(EndpointAPI, SchemaField?, String)]
    )
    func refusals(api: EndpointAPI, field: SchemaField?, message: String) throws {
        var request = request()
        request.grammar = .regex("a")
        let dialect = try dialect(api) { $0.schemaField = field }
        let failure = #expect(throws: WorkFailure.self) { try dialect.body(for: request) }
        #expect(failure?.code == "unsupported-request")
        #expect(failure?.description == message)
        #expect(failure?.hint != nil)
    }

    @Test("A schema and a grammar cannot both be kept to")
    func both() throws {
        var request = request()
        request.schema = ["type": "object"]
        request.grammar = .choice(["a"])
        let dialect = try dialect(.openai) { $0.schemaField = .guidedJSON }
        let failure = #expect(throws: WorkFailure.self) { try dialect.body(for: request) }
        #expect(failure?.description == "the API `openai` takes a schema or a grammar, not both")
    }

    @Test(
        "A schema that is not to be sent stands in no body",
        arguments: [EndpointAPI.openai, .openaiResponses, .anthropic, .gemini]
    )
    func unsent(api: EndpointAPI) throws {
        var request = request()
        let plain = try dialect(api).body(for: request)
        request.schema = ["type": "object"]
        #expect(try dialect(api) { $0.schemaField = .unsent }.body(for: request) == plain)
    }

    @Test(
        "A grammar is part of what is asked, and of nothing that asks for none",
        arguments: [Grammar.gbnf("a"), .regex("b"), .choice(["c", "d"])]
    )
    func key(grammar: Grammar) {
        var request = request()
        let plain = request
        request.grammar = grammar
        #expect(request.key != plain.key)
        #expect(plain.json["grammar"] == nil)
        #expect(ModelRequest(json: request.json) == request)
    }
}
