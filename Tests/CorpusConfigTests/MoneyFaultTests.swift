import Testing

private let faults: [Fault] = [
    Fault(
        name: "a role that is no model",
        code: "unknown-model",
        message: "`per_role` names a model `jugde` that the recipe does not have",
        hint: "did you mean `judge`?",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { 1️⃣jugde: { usd: 2 } } }\n"
        )
    ),
    Fault(
        name: "a role that is like no model",
        code: "unknown-model",
        message: "`per_role` names a model `x` that the recipe does not have",
        hint: "its models: `judge`, `teacher`",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { 1️⃣x: { usd: 2 } } }\n"
        )
    ),
    Fault(
        name: "roles that are no mapping",
        code: "wrong-type",
        message:
            "`per_role` must be a mapping of models to caps such as `{ judge: { usd: 2 } }`, not a number",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: 1️⃣2 }\n"
        )
    ),
    Fault(
        name: "a role's budget that is a number",
        code: "wrong-type",
        message: "the budget of `judge` must be a mapping, not a number",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { judge: 1️⃣2 } }\n"
        )
    ),
    Fault(
        name: "a role's budget without a cap",
        code: "missing-field",
        message: "the budget of `judge` needs `usd`",
        hint: "give at least one of `usd`, `tokens`, `calls`, `wall`",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { 1️⃣judge: {} } }\n"
        )
    ),
    Fault(
        name: "a role's budget below nothing",
        code: "out-of-range",
        message: "`usd` must be a decimal number of at least 0, not `-2`",
        hint: "write it as `0.15`: at most nine digits on either side of the point",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { judge: { usd: 1️⃣-2 } } }\n"
        )
    ),
    Fault(
        name: "a role's budget of no calls",
        code: "out-of-range",
        message: "`calls` must be at least 1, not 0",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { judge: { calls: 1️⃣0 } } }\n"
        )
    ),
    Fault(
        name: "a role's budget of words",
        code: "wrong-type",
        message: "`tokens` must be a whole number, not a string",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { judge: { tokens: 1️⃣few } } }\n"
        )
    ),
    Fault(
        name: "time for one role in words",
        code: "wrong-type",
        message: "`wall` must be a duration, not `long`",
        hint: "write a whole number and a unit: `90s`, `20m`, `6h` or `2d`",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { judge: { wall: 1️⃣long } } }\n"
        )
    ),
    Fault(
        name: "an unknown cap of a role",
        code: "unknown-key",
        message: "unknown key `token` in the budget of `judge`",
        hint: "did you mean `tokens`?",
        text: recipe(
            "models: { judge: { local: a }, teacher: { local: b } }\nbudget: { usd: 20, per_role: { judge: { 1️⃣token: 6 } } }\n"
        )
    ),
    Fault(
        name: "a negative budget",
        code: "out-of-range",
        message: "`usd` must be a decimal number of at least 0, not `-1`",
        text: recipe("budget: { usd: 1️⃣-1 }\n")
    ),
    Fault(
        name: "a negative price of replies",
        code: "out-of-range",
        message: "`output` must be a decimal number of at least 0, not `-2`",
        text: recipe(
            "models: { m: { url: \"https://a.example/v1\", model: b, price: { input: 1, output: 1️⃣-2 } } }\n"
        )
    ),
    Fault(
        name: "a negative price of cached tokens",
        code: "out-of-range",
        message: "`cached_input` must be a decimal number of at least 0, not `-0.5`",
        text: recipe(
            "models: { m: { url: \"https://a.example/v1\", model: b, price: { input: 1, cached_input: 1️⃣-0.5, output: 2 } } }\n"
        )
    ),
    Fault(
        name: "a key where its variable should stand",
        code: "key-in-recipe",
        message: "`env` must be the name of an environment variable, in capitals",
        hint: "put the key into the environment and its name here: `{ env: LAB_KEY }`",
        text: recipe("models: { m: { url: \"https://a.example/v1\", model: b, 1️⃣key: { env: sk-123 } } }\n")
    ),
    Fault(
        name: "a key among the further fields of requests",
        code: "key-in-recipe",
        message: "`api_key` in `extra` looks like a key, and requests are kept on the ledger",
        hint: "name the environment variable that holds it: `key: { env: LAB_KEY }`",
        text: recipe(
            "models: { m: { url: \"https://a.example/v1\", model: b, extra: { 1️⃣api_key: abcd } } }\n"
        )
    ),
    Fault(
        name: "a key in the recipe's list of endpoints",
        code: "key-in-recipe",
        message: "a key must never stand in a recipe",
        hint: "name the environment variable that holds it: `key: { env: LAB_KEY }`",
        text: recipe(
            "models: { m: { model: b, endpoints: [{ url: \"https://b.example/v1\" }, { url: \"https://a.example/v1\", 1️⃣key: sk-1 }] } }\n"
        )
    ),
    Fault(
        name: "an address without encryption in the list of endpoints",
        code: "insecure-url",
        message: "prompts and keys would travel to `10.0.0.1` unencrypted",
        hint: "use `https:`, or say `allow_insecure: true` if the network is yours",
        text: recipe(
            "models: { m: { model: b, endpoints: [{ url: \"https://a.example/v1\" }, { url: 1️⃣\"http://10.0.0.1/v1\" }] } }\n"
        )
    ),
    Fault(
        name: "a negative price",
        code: "out-of-range",
        message: "`input` must be a decimal number of at least 0, not `-1`",
        hint: "write it as `0.15`: at most nine digits on either side of the point",
        text: recipe(
            "models: { m: { url: \"https://a.example/v1\", model: b, price: { input: 1️⃣-1, output: 2 } } }\n"
        )
    ),
    Fault(
        name: "a key in the recipe",
        code: "key-in-recipe",
        message: "a key must never stand in a recipe",
        hint: "name the environment variable that holds it: `key: { env: LAB_KEY }`",
        text: recipe("models: { m: { url: \"https://a.example/v1\", model: b, 1️⃣key: sk-123 } }\n")
    ),
    Fault(
        name: "an address without encryption",
        code: "insecure-url",
        message: "prompts and keys would travel to `a.example` unencrypted",
        hint: "use `https:`, or say `allow_insecure: true` if the network is yours",
        text: recipe("models: { m: { url: 1️⃣\"http://a.example/v1\", model: b } }\n")
    ),
    Fault(
        name: "a negative price in the list of endpoints",
        code: "out-of-range",
        message: "`input` must be a decimal number of at least 0, not `-1`",
        text: recipe(
            "models: { m: { model: b, endpoints: [{ url: \"https://a.example/v1\", price: { input: 1️⃣-1, output: 1 } }] } }\n"
        )
    ),
]

@Suite("Faults in what recipes say of money, keys and addresses")
struct MoneyFaultTests {
    @Test("Each fault has a code, a sentence, a place and a hint", arguments: faults)
    func fault(_ fault: Fault) throws { try fault.check() }
}
