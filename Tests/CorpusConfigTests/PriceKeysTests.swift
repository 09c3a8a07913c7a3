import CorpusConfig
import CorpusDiagnostics
import Testing

private func model(_ keys: String) -> String {
    recipe("models: { m: { url: \"https://a.example/v1\", model: b, \(keys) } }\nbudget: { calls: 1 }\n")
}

@Suite("Prices of caches, and what changes a price")
struct PriceKeysTests {
    @Test("A negative price of tokens that go into the cache is refused")
    func negative() throws {
        try Fault(
            name: "",
            code: "out-of-range",
            message: "`cache_write` must be a decimal number of at least 0, not `-1`",
            hint: nil,
            text: model("price: { input: 1, cache_write: 1️⃣-1, output: 1 }")
        ).check()
    }

    @Test(
        "Tokens that go into a cache cost what the API takes for them, unless the recipe says otherwise",
        arguments: [
            ("", 4_000_000_000), ("api: anthropic,", 5_000_000_000),
            ("api: anthropic, extra: { cache_control: { type: ephemeral, ttl: 1h } },", 8_000_000_000),
        ]
    )
    func cacheWrites(keys: String, price: Int) throws {
        let usual = try read(model(keys + " price: { input: 4, output: 1 }"))
        let stated = try read(model(keys + " price: { input: 4, cache_write: 7, output: 1 }"))
        #expect(usual.models.first?.place.value.worstPrice?.cacheWriteNanoDollars == price)
        #expect(stated.models.first?.place.value.worstPrice?.cacheWriteNanoDollars == 7_000_000_000)
    }

    @Test("Fields that change the price are noted with their place, cheaper service is not")
    func repricing() throws {
        let dear = try read(model("extra: { top_k: 4, service_tier: priority, web_search_options: {} }"))
        let cheap = try read(model("extra: { service_tier: flex, plugins: null }"))
        #expect(dear.models.first?.repricing.map(\.value) == ["service_tier", "web_search_options"])
        #expect(dear.models.first?.repricing.first?.location.line == 6)
        #expect(cheap.models.first?.repricing.isEmpty == true)
    }
}
