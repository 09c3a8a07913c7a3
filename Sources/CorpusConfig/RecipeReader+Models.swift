import CorpusDiagnostics
import CorpusModel

extension RecipeReader {
    private static let modelKeys = [
        "local", "api", "model", "identity", "url", "key", "price", "endpoints", "allow_insecure", "limits",
        "sampling", "timeout", "timeouts", "stream", "hedge", "fallback", "batch", "samples_per_call",
        "schema", "token_limit",
        "extra", "output_terms", "licence",
    ]
    /// What requests say for themselves in one API or another.
    private static let fieldsOfRequests: Set<String> = [
        "model", "messages", "prompt", "input", "contents", "instructions", "system", "systemInstruction",
        "temperature", "top_p", "max_tokens", "max_completion_tokens", "max_output_tokens", "stop",
        "stop_sequences", "seed", "n", "best_of", "logprobs", "top_logprobs", "stream", "stream_options",
        "response_format", "tools", "tool_choice", "toolConfig", "store", "background",
    ]
    /// The keys of a model that set such fields.
    private static let keysInstead = [
        "max_tokens": "token_limit: max_tokens",
        "max_completion_tokens": "token_limit: max_completion_tokens",
    ]
    /// What an endpoint remembers or fetches: a budget reserves for what stands in the request.
    private static let unseenFields: Set<String> = [
        "previous_response_id", "conversation", "cachedContent", "mcp_servers", "container",
    ]
    /// What makes a call dearer than its tokens: faster or regional service, searches, replies of another kind, and
    /// whatever brings another model or a tool of the endpoint's.
    private static let repricingFields: Set<String> = [
        "service_tier", "speed", "inference_geo", "web_search_options", "plugins", "search_parameters",
        "models", "route", "fallbacks", "modalities", "audio", "prediction",
    ]
    /// Service that never costs more than the usual one.
    private static let cheapTiers: Set<String> = ["default", "flex", "standard", "standard_only"]
    private static let endpointKeys = ["url", "key", "price", "allow_insecure", "weight"]
    private static let limitKeys = ["concurrency", "rpm", "input_tpm", "output_tpm", "reply_mb"]

    mutating func model(_ name: String, _ member: ConfigNode.Member) -> Recipe.Model? {
        let label = "model `\(name)`"
        guard let parts = members(of: member.value, known: Self.modelKeys, in: label) else { return nil }
        let api = api(parts["api"])
        if api.use == .embeddings, let entry = parts["sampling"] {
            fault(
                "misplaced-key",
                "vectors are not sampled: a model of `\(api.rawValue)` takes no `sampling`",
                at: entry.keyLocation
            )
        }
        // An hour's cache costs more to write than the usual one.
        let isLong = parts["extra"]?.value.json.canonical.contains(#""ttl":"1h""#) ?? false
        let writes = api != .anthropic ? 100 : isLong ? 200 : 125
        guard let place = place(parts, label, member, writePercent: writes) else { return nil }
        let limits =
            parts["limits"].flatMap { members(of: $0.value, known: Self.limitKeys, in: "`limits`") } ?? [:]
        let sampling =
            parts["sampling"].flatMap {
                members(
                    of: $0.value,
                    known: ["temperature", "top_p", "max_tokens", "stop", "seed"],
                    in: "`sampling`"
                )
            } ?? [:]
        let concurrency =
            limits["concurrency"]?.value.json.text == "auto"
            ? nil : whole(limits["concurrency"], "concurrency", in: 1...10_000)
        let stop = texts(sampling["stop"], "stop")
        for text in stop
        where text.value.contains(where: \.isNumber) && !text.value.contains(where: \.isLetter) {
            fault(
                "bad-value",
                "the stop text `\(text.value)` would cut off any answer that contains it",
                at: text.location,
                hint: "use a text with letters or a marker of its own"
            )
        }
        let modelName: String
        if case .local(let local) = place.value {
            modelName = local
        } else {
            modelName = text(parts["model"], "model") ?? ""
            if parts["model"] == nil, !isMisspelt("model", in: member.value, known: Self.modelKeys) {
                missing("model", in: label, at: member.keyLocation)
            }
        }
        if api == .openaiResponses, !stop.isEmpty, let entry = sampling["stop"] {
            fault(
                "misplaced-key",
                "the API `\(api.rawValue)` has no stop texts",
                at: entry.keyLocation,
                hint: "leave `stop:` out, or say `api: openai`: most endpoints speak it as well"
            )
        }
        let streaming = stream(parts["stream"], batch: parts["batch"])
        return Recipe.Model(
            name: name,
            location: member.keyLocation,
            place: place,
            api: api,
            schemaField: schemaField(parts["schema"], of: api),
            tokenLimitField: tokenLimitField(parts["token_limit"], of: api),
            model: modelName,
            identity: identity(parts["identity"]),
            concurrency: concurrency,
            requestsPerMinute: whole(limits["rpm"], "rpm", in: 1...100_000_000),
            inputTokensPerMinute: whole(limits["input_tpm"], "input_tpm", in: 1...1_000_000_000_000),
            outputTokensPerMinute: whole(limits["output_tpm"], "output_tpm", in: 1...1_000_000_000_000),
            replyMegabytes: whole(limits["reply_mb"], "reply_mb", in: 1...4096),
            hedge: real(parts["hedge"], "hedge", in: 0...0.2) ?? 0,
            fallback: parts["fallback"].flatMap { member in
                text(member, "fallback").map { Recipe.Located(value: $0, location: member.value.location) }
            },
            batch: parts["batch"].flatMap { batch($0, of: place.value, api, parts["hedge"]) },
            samplesPerCall: samplesPerCall(parts, api, sampling["seed"]),
            temperature: real(sampling["temperature"], "temperature", in: 0...2),
            topP: real(sampling["top_p"], "top_p", in: 0...1),
            maxTokens: whole(sampling["max_tokens"], "max_tokens", in: 1...1_000_000) ?? 1024,
            stop: stop.map(\.value),
            sendsSeed: flag(sampling["seed"], "seed"),
            timeouts: timeouts(parts["timeouts"], short: parts["timeout"], streams: streaming != .never),
            streaming: streaming,
            extra: parts["extra"].flatMap { extra($0) } ?? [:],
            repricing: parts["extra"].map(Self.repricing) ?? [],
            outputTerms: text(parts["output_terms"], "output_terms"),
            licence: text(parts["licence"], "licence")
        )
    }

    private mutating func place(
        _ parts: [String: ConfigNode.Member],
        _ label: String,
        _ member: ConfigNode.Member,
        writePercent: Int
    ) -> Recipe.Located<Recipe.Model.Place>? {
        if let local = parts["local"] {
            for key in ["url", "endpoints", "api", "model", "identity", "key", "price", "hedge"] {
                guard let entry = parts[key] else { continue }
                fault("misplaced-key", "a `local` model takes no `\(key)`", at: entry.keyLocation)
            }
            return text(local, "local").map {
                Recipe.Located(value: .local($0), location: local.value.location)
            }
        }
        guard let endpoints = parts["endpoints"] else {
            guard parts["url"] != nil else {
                let isSlip = ["url", "endpoints", "local"].contains {
                    isMisspelt($0, in: member.value, known: Self.modelKeys)
                }
                if isSlip { return nil }
                missing(
                    "url",
                    in: label,
                    at: member.keyLocation,
                    hint: "give `url:` of a server, or `local: smollm2-135m`"
                )
                return nil
            }
            return endpoint(parts, label, member.keyLocation, writePercent).map {
                Recipe.Located(value: .endpoints([$0.value]), location: $0.location)
            }
        }
        if let url = parts["url"] {
            fault(
                "misplaced-key",
                "\(label) has both `url` and `endpoints`",
                at: url.keyLocation,
                hint: "keep one"
            )
        }
        for key in ["key", "price", "allow_insecure"] {
            guard let entry = parts[key] else { continue }
            fault(
                "misplaced-key",
                "`\(key)` of \(label) belongs to each of its `endpoints`",
                at: entry.keyLocation
            )
        }
        guard let list = endpoints.value.elements, !list.isEmpty else {
            wrongType(endpoints.value, "endpoints", "a list of endpoints, each `{ url: … }`")
            return nil
        }
        var found: [Recipe.Model.Endpoint] = []
        for element in list {
            guard let entry = members(of: element, known: Self.endpointKeys, in: "an endpoint") else {
                continue
            }
            if entry["url"] == nil, !isMisspelt("url", in: element, known: Self.endpointKeys) {
                missing("url", in: "an endpoint of \(label)", at: element.location)
            }
            guard let one = endpoint(entry, label, element.location, writePercent) else { continue }
            if found.contains(where: { $0.url == one.value.url }) {
                fault("duplicate-endpoint", "`\(one.value.url)` stands twice in \(label)", at: one.location)
            }
            found.append(one.value)
        }
        return Recipe.Located(value: .endpoints(found), location: endpoints.keyLocation)
    }

    private mutating func identity(_ member: ConfigNode.Member?) -> String? {
        guard let member, let name = text(member, "identity") else { return nil }
        guard !name.isEmpty, !name.contains(where: \.isWhitespace) else {
            fault("bad-name", "`identity` must be a name without spaces", at: member.value.location)
            return nil
        }
        return name
    }

    private mutating func api(_ member: ConfigNode.Member?) -> EndpointAPI {
        guard let member, let name = text(member, "api") else { return .openai }
        if let api = EndpointAPI(rawValue: name) { return api }
        let names = EndpointAPI.allCases.map(\.rawValue)
        fault(
            "unknown-api",
            "unknown API `\(name)`",
            at: member.value.location,
            hint: nameHint(for: name, among: names, "known APIs")
        )
        return .openai
    }

    private mutating func schemaField(_ member: ConfigNode.Member?, of api: EndpointAPI) -> SchemaField? {
        guard let member, let name = text(member, "schema") else { return nil }
        if let field = SchemaField(rawValue: name), api.schemaFields.contains(field) { return field }
        let names = api.schemaFields.map(\.rawValue)
        fault(
            "bad-value",
            "the API `\(api.rawValue)` takes no schema as `\(name)`",
            at: member.value.location,
            hint: nameHint(for: name, among: names, "it takes")
        )
        return nil
    }

    private mutating func tokenLimitField(
        _ member: ConfigNode.Member?,
        of api: EndpointAPI
    ) -> TokenLimitField? {
        guard let member, let name = text(member, "token_limit") else { return nil }
        let names = api.tokenLimitFields.map(\.rawValue)
        guard !names.isEmpty else {
            fault(
                "misplaced-key",
                "the API `\(api.rawValue)` leaves no choice of the field that limits a reply",
                at: member.keyLocation,
                hint: "leave `token_limit:` out"
            )
            return nil
        }
        if let field = TokenLimitField(rawValue: name) { return field }
        fault(
            "bad-value",
            "no endpoint is told the most tokens of a reply as `\(name)`",
            at: member.value.location,
            hint: "say one of: \(names.map { "`\($0)`" }.joined(separator: ", "))"
        )
        return nil
    }

    private mutating func endpoint(
        _ parts: [String: ConfigNode.Member],
        _ label: String,
        _ location: Diagnostic.Location,
        _ writePercent: Int
    ) -> Recipe.Located<Recipe.Model.Endpoint>? {
        guard let member = parts["url"], let url = text(member, "url") else { return nil }
        let isInsecure = flag(parts["allow_insecure"], "allow_insecure") ?? false
        switch EndpointURL(url) {
        case nil:
            fault(
                "bad-url",
                "`\(Diagnostic.masked(url))` is no address of an endpoint",
                at: member.value.location,
                hint: "write it as `https://models.example.org/v1`, without user, query or fragment"
            )
        case let address? where !address.isEncrypted && !address.isLoopback && !isInsecure:
            fault(
                "insecure-url",
                "prompts and keys would travel to `\(address.host)` unencrypted",
                at: member.value.location,
                hint: "use `https:`, or say `allow_insecure: true` if the network is yours"
            )
        default: break
        }
        return Recipe.Located(
            value: Recipe.Model.Endpoint(
                url: url,
                keyVariable: key(parts["key"]),
                price: price(parts["price"], writePercent),
                weight: real(parts["weight"], "weight", in: 0.001...1000) ?? 1
            ),
            location: member.value.location
        )
    }

    private mutating func key(_ member: ConfigNode.Member?) -> String? {
        guard let member else { return nil }
        guard member.value.members != nil else {
            fault(
                "key-in-recipe",
                "a key must never stand in a recipe",
                at: member.keyLocation,
                hint: "name the environment variable that holds it: `key: { env: LAB_KEY }`"
            )
            return nil
        }
        let parts = members(of: member.value, known: ["env"], in: "`key`") ?? [:]
        guard let variable = text(parts["env"], "env") else {
            if parts["env"] == nil { missing("env", in: "`key`", at: member.keyLocation) }
            return nil
        }
        let isName = variable.allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_") }
        guard isName, variable.first?.isNumber == false else {
            fault(
                "key-in-recipe",
                "`env` must be the name of an environment variable, in capitals",
                at: member.keyLocation,
                hint: "put the key into the environment and its name here: `{ env: LAB_KEY }`"
            )
            return nil
        }
        return variable
    }

    private mutating func price(_ member: ConfigNode.Member?, _ writePercent: Int) -> Recipe.Price? {
        guard let member,
            let parts = members(
                of: member.value,
                known: ["input", "cached_input", "cache_write", "output"],
                in: "`price`"
            )
        else { return nil }
        for key in ["input", "output"] where parts[key] == nil {
            missing(
                key,
                in: "`price`",
                at: member.keyLocation,
                hint: "US dollars per million tokens: `input: 0.15`"
            )
        }
        guard let input = billionths(parts["input"], "input"),
            let output = billionths(parts["output"], "output")
        else { return nil }
        let cached =
            parts["cached_input"] == nil ? input : billionths(parts["cached_input"], "cached_input") ?? input
        return Recipe.Price(
            inputNanoDollars: input,
            cachedInputNanoDollars: cached,
            cacheWriteNanoDollars: billionths(parts["cache_write"], "cache_write")
                ?? Int(clamping: (Int128(input) * Int128(writePercent) + 99) / 100),
            outputNanoDollars: output
        )
    }

    private static func isKey(_ entry: ConfigNode.Member) -> Bool {
        let name = entry.key.lowercased().filter { $0 != "_" && $0 != "-" }
        let isNamedSo = ["apikey", "authorization", "accesstoken", "xapikey", "secret", "password"].contains(
            name
        )
        return isNamedSo || entry.value.json.text?.hasPrefix("sk-") == true
    }

    private mutating func extra(_ member: ConfigNode.Member) -> [String: JSONValue]? {
        guard let values = member.value.json.members else {
            wrongType(member.value, "extra", "a mapping of request fields")
            return nil
        }
        for entry in member.value.members ?? [] where Self.fieldsOfRequests.contains(entry.key) {
            fault(
                "misplaced-key",
                "`\(entry.key)` cannot stand in `extra`: the product sets it",
                at: entry.keyLocation,
                hint: Self.keysInstead[entry.key].map { "say it with the model's key `\($0)`" }
            )
        }
        for entry in member.value.members ?? [] where Self.isKey(entry) {
            fault(
                "key-in-recipe",
                "`\(entry.key)` in `extra` looks like a key, and requests are kept on the ledger",
                at: entry.keyLocation,
                hint: "name the environment variable that holds it: `key: { env: LAB_KEY }`"
            )
        }
        for entry in member.value.members ?? [] where Self.unseenFields.contains(entry.key) {
            fault(
                "misplaced-key",
                "`\(entry.key)` cannot stand in `extra`: it brings text into the prompt that no budget sees",
                at: entry.keyLocation
            )
        }
        return values
    }

    /// The fields of `extra:` that may make a call dearer than its price says.
    private static func repricing(_ extra: ConfigNode.Member) -> [Recipe.Located<String>] {
        (extra.value.members ?? []).compactMap { entry in
            guard repricingFields.contains(entry.key), entry.value.json != .null else { return nil }
            if entry.key == "service_tier", let tier = entry.value.json.text, cheapTiers.contains(tier) {
                return nil
            }
            return Recipe.Located(value: entry.key, location: entry.keyLocation)
        }
    }
}
