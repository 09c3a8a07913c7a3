import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Endpoint addresses")
struct EndpointAddressTests {
    @Test(
        "Paths are joined with care",
        arguments: [
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
            ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
            ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
            ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
            ("HTTPS://Models.Example.org/api/v1//", "https://Models.Example.org/api/v1"),
            ("https://models.example.org/proxy", "https://models.example.org/proxy/v1"),
            ("https://models.example.org/v1beta/openai", "https://models.example.org/v1beta/openai"),
            ("https://models.example.org/v1/chat/completions", "https://models.example.org/v1"),
            ("https://models.example.org/vllm", "https://models.example.org/vllm/v1"),
            ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ]
    )
    func joins(text: String, base: String) throws {
        let address = try EndpointAddress(text)
        #expect(address.display == base)
        #expect(address.url("/chat/completions") == base + "/chat/completions")
        #expect(address.url("/models") == base + "/models")
    }

    @Test(
        "Each API has its own paths, and the address of requests is understood as well",
        arguments: [
            (.openai, "https://a.example/v1/chat/completions", "https://a.example/v1/chat/completions"),
            (.openaiCompletions, "https://a.example", "https://a.example/v1/completions"),
            (.openaiCompletions, "https://a.example/v1/completions", "https://a.example/v1/completions"),
            (.openaiResponses, "https://a.example/v1", "https://a.example/v1/responses"),
            (.openaiResponses, "https://a.example/v1/responses/", "https://a.example/v1/responses"),
            (.anthropic, "https://a.example", "https://a.example/v1/messages"),
            (.anthropic, "https://a.example/v1/messages?x=1", "https://a.example/v1/messages?x=1"),
            (.gemini, "https://a.example", "https://a.example/v1beta/models/m%2F1:generateContent"),
            (.gemini, "https://a.example/v1/", "https://a.example/v1/models/m%2F1:generateContent"),
            (
                .gemini, "https://a.example/v1beta/models/other:generateContent",
                "https://a.example/v1beta/models/m%2F1:generateContent"
            ),
        ] as [(EndpointAPI, String, String)]
    )
    func paths(api: EndpointAPI, text: String, url: String) throws {
        let configuration = EndpointConfiguration(name: "a", baseURL: text, apiModel: "models/m/1", api: api)
        let dialect = configuration.dialect(at: try EndpointAddress(text, api: api))
        #expect(dialect.url == url)
    }

    @Test("Lists are asked for in pages that hold them, behind the address's own query")
    func lists() throws {
        let text = "https://a.example/proxy?tenant=7"
        func list(_ api: EndpointAPI) throws -> String {
            EndpointConfiguration(name: "a", baseURL: text, api: api)
                .dialect(at: try EndpointAddress(text, api: api)).modelsURL
        }
        #expect(try list(.openaiResponses) == "https://a.example/proxy/v1/models?tenant=7")
        #expect(try list(.anthropic) == "https://a.example/proxy/v1/models?tenant=7&limit=1000")
        #expect(try list(.gemini) == "https://a.example/proxy/v1beta/models?tenant=7&pageSize=1000")
    }

    @Test("A query goes to the endpoint and not into messages")
    func query() throws {
        let address = try EndpointAddress("https://models.example.org/v1?api-version=2&token=x")
        #expect(
            address.url("/chat/completions")
                == "https://models.example.org/v1/chat/completions?api-version=2&token=x"
        )
        #expect(address.display == "https://models.example.org/v1")
    }

    @Test(
        "What cannot be an address is refused with an example",
        arguments: [
            "", "models.example.org", "/v1", "ftp://models.example.org", "file:///etc/passwd", "http://",
            "http:///v1", "https://user:word@models.example.org/v1", "https://user@models.example.org",
            "http://a b/", "http://127.0.0.1\\@models.example.org/", "http://127%2e0.0.1/",
            "http://é.example/",
            "http://x/\nHost: y",
        ]
    )
    func refuses(text: String) {
        let failure = #expect(throws: WorkFailure.self) { try EndpointAddress(text) }
        #expect(failure?.code == "bad-address")
        #expect(failure?.hint != nil)
        #expect(failure?.description.contains("word") != true)
    }

    @Test(
        "The loopback is recognised",
        arguments: [
            "http://127.0.0.1", "http://127.0.0.1:8080/v1", "http://127.255.3.4", "http://localhost:1/",
            "https://LOCALHOST.", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]:8", "http://[::ffff:127.0.0.1]",
        ]
    )
    func loopback(url: String) { #expect(EndpointAddress.isLoopback(url)) }

    @Test(
        "Nothing else passes for the loopback",
        arguments: [
            "http://127.0.0.1.example.org", "http://127.1", "http://0x7f.0.0.1", "http://127.0.0.01",
            "http://128.0.0.1", "http://localhost.example.org", "http://notlocalhost", "http://[::2]",
            "http://[::ffff:10.0.0.1]", "http://0.0.0.0", "http://127.0.0.1@example.org", "http://2130706433",
            "http://example.org/127.0.0.1", "http://example.org?localhost", "http://example.org#@127.0.0.1",
            "http://127.0.0.256", "127.0.0.1", "",
        ]
    )
    func elsewhere(url: String) { #expect(!EndpointAddress.isLoopback(url)) }
}

@Suite("Secrets")
struct SecretTests {
    @Test("A secret shows three dots, however it is printed")
    func hidden() throws {
        let secret = try #require(Secret(testKey))
        var dumped = ""
        dump(secret, to: &dumped)
        let configuration = configuration("http://127.0.0.1:1")
        dump(configuration, to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(Optional(secret) as Any)",
            "\([secret])", "\(configuration)", String(reflecting: configuration), dumped,
        ]

        for text in texts { #expect(!text.contains("0123")) }
        #expect("\(secret)" == "•••")
    }

    @Test("White space around a key is dropped", arguments: ["k-1", " k-1\n", "\tk-1\r\n"])
    func trimmed(text: String) throws { #expect(Secret(text)?.revealed == "k-1") }

    @Test(
        "What no header may carry is no key",
        arguments: ["", "  \n", "a b", "a\nb", "a\r\nX-Header: 1", "clé", "a\u{0}b", "\u{7F}"]
    )
    func refused(text: String) { #expect(Secret(text) == nil) }
}
