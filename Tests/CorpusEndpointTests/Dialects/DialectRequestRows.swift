import CorpusKit
import Testing

@testable import CorpusEndpoint

extension DialectRequestTests {
    /// A body that is expected.
    struct Row: Sendable, CustomTestStringConvertible {
        let api: EndpointAPI
        var schemaField: SchemaField?
        let json: String

        var testDescription: String { api.rawValue + (schemaField.map { ", \($0.rawValue)" } ?? "") }
    }
}

extension DialectRequestTests.Row {
    /// `toolRequest()` in each API that takes turns.
    static let conversations = [
        Self(
            api: .openai,
            json: #"""
                {"model":"m-1","max_tokens":64,"temperature":0.5,"top_p":0.9,"seed":7,"tool_choice":"required","messages":[
                  {"role":"system","content":"Be brief"},{"role":"system","content":"Use tools"},
                  {"role":"user","content":"Rain in Ulm?"},
                  {"role":"assistant","content":"Let me see","tool_calls":[
                    {"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Ulm\"}"}},
                    {"id":"c2","type":"function","function":{"name":"clock","arguments":"{}"}}]},
                  {"role":"tool","content":"{\"sky\":\"grey\"}","tool_call_id":"c1"},
                  {"role":"tool","content":"noon","tool_call_id":"c2"},
                  {"role":"user","content":"So?"}],
                 "tools":[
                  {"type":"function","function":{"name":"weather","description":"Tells the weather","parameters":{"type":"object"}}},
                  {"type":"function","function":{"name":"clock","parameters":{"type":"object"}}}]}
                """#
        ),
        Self(
            api: .openaiResponses,
            json: #"""
                {"model":"m-1","store":false,"max_output_tokens":64,"temperature":0.5,"top_p":0.9,"tool_choice":"required",
                 "instructions":"Be brief\n\nUse tools","input":[
                  {"role":"user","content":"Rain in Ulm?"},
                  {"role":"assistant","content":"Let me see"},
                  {"type":"function_call","call_id":"c1","name":"weather","arguments":"{\"city\":\"Ulm\"}"},
                  {"type":"function_call","call_id":"c2","name":"clock","arguments":"{}"},
                  {"type":"function_call_output","call_id":"c1","output":"{\"sky\":\"grey\"}"},
                  {"type":"function_call_output","call_id":"c2","output":"noon"},
                  {"role":"user","content":"So?"}],
                 "tools":[
                  {"type":"function","name":"weather","description":"Tells the weather","parameters":{"type":"object"},"strict":false},
                  {"type":"function","name":"clock","parameters":{"type":"object"},"strict":false}]}
                """#
        ),
        Self(
            api: .anthropic,
            json: #"""
                {"model":"m-1","max_tokens":64,"temperature":0.5,"top_p":0.9,"tool_choice":{"type":"any"},
                 "system":"Be brief\n\nUse tools","messages":[
                  {"role":"user","content":"Rain in Ulm?"},
                  {"role":"assistant","content":[{"type":"text","text":"Let me see"},
                    {"type":"tool_use","id":"c1","name":"weather","input":{"city":"Ulm"}},
                    {"type":"tool_use","id":"c2","name":"clock","input":{}}]},
                  {"role":"user","content":[
                    {"type":"tool_result","tool_use_id":"c1","content":"{\"sky\":\"grey\"}"},
                    {"type":"tool_result","tool_use_id":"c2","content":"noon"},
                    {"type":"text","text":"So?"}]}],
                 "tools":[
                  {"name":"weather","description":"Tells the weather","input_schema":{"type":"object"}},
                  {"name":"clock","input_schema":{"type":"object"}}]}
                """#
        ),
        Self(
            api: .gemini,
            json: #"""
                {"generationConfig":{"maxOutputTokens":64,"temperature":0.5,"topP":0.9,"seed":7},
                 "toolConfig":{"functionCallingConfig":{"mode":"ANY"}},
                 "systemInstruction":{"parts":[{"text":"Be brief\n\nUse tools"}]},"contents":[
                  {"role":"user","parts":[{"text":"Rain in Ulm?"}]},
                  {"role":"model","parts":[{"text":"Let me see"},
                    {"functionCall":{"name":"weather","args":{"city":"Ulm"}}},
                    {"functionCall":{"name":"clock","args":{}}}]},
                  {"role":"user","parts":[
                    {"functionResponse":{"name":"weather","response":{"sky":"grey"}}},
                    {"functionResponse":{"name":"clock","response":{"output":"noon"}}},
                    {"text":"So?"}]}],
                 "tools":[{"functionDeclarations":[
                  {"name":"weather","description":"Tells the weather","parametersJsonSchema":{"type":"object"}},
                  {"name":"clock","parametersJsonSchema":{"type":"object"}}]}]}
                """#
        ),
    ]

    /// Where the schema `{"type":"object"}` goes.
    static let schemas = [
        Self(
            api: .openai,
            json:
                #"{"response_format":{"type":"json_schema","json_schema":{"name":"reply","strict":true,"schema":{"type":"object"}}}}"#
        ),
        Self(
            api: .openai,
            schemaField: .structuredOutputs,
            json: #"{"structured_outputs":{"json":{"type":"object"}}}"#
        ),
        Self(api: .openai, schemaField: .guidedJSON, json: #"{"guided_json":{"type":"object"}}"#),
        Self(api: .openai, schemaField: .jsonSchema, json: #"{"json_schema":{"type":"object"}}"#),
        Self(
            api: .openaiResponses,
            json:
                #"{"text":{"format":{"type":"json_schema","name":"reply","strict":true,"schema":{"type":"object"}}}}"#
        ),
        Self(
            api: .anthropic,
            json:
                #"{"tools":[{"name":"reply","description":"Takes your whole reply.","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"reply"}}"#
        ),
        Self(
            api: .anthropic,
            schemaField: .responseFormat,
            json: #"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}"#
        ),
        Self(
            api: .gemini,
            json:
                #"{"generationConfig":{"maxOutputTokens":100,"temperature":0.0,"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}}"#
        ),
    ]
}
