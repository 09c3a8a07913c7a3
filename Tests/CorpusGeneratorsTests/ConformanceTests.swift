import CorpusKit
import CorpusTesting
import Testing

/// A generator whose single method is the test's, to break one rule at a time.
private struct Sketch: Generator {
    var worstCaseCalls = ["model": 1]
    var body: @Sendable (Seed, PluginContext) async throws -> [Draft]

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        try await body(seed, context)
    }

    static func sound(_ seed: Seed, _ context: PluginContext) async throws -> [Draft] {
        let text = try await context.reply(to: [Message(.user, "Say it")]).usableText()
        guard text.hasPrefix("ok") else { throw Skip("format-broken", "it is not ok") }
        return [
            Draft(
                from: seed,
                messages: [Message(.user, "Say it"), Message(.assistant, text)],
                fields: ["code": "x"]
            )
        ]
    }
}

@Suite("Plug-in conformance")
struct ConformanceTests {
    private static let manifest = Manifest(
        name: "sketch",
        version: 1,
        summary: "A sketch",
        needs: [.model],
        produces: ["code"],
        reasons: ["format-broken"]
    )
    private static let checks = [
        SelfCheck("ok", seed: Seed(id: "s", fields: [:]), replies: ["ok then"], expects: .accepts("ok then")),
        SelfCheck(
            "no",
            seed: Seed(id: "s", fields: [:]),
            replies: ["no"],
            expects: .refuses("format-broken")
        ),
    ]

    private func rules(
        _ manifest: Manifest = Self.manifest,
        checks: [SelfCheck] = Self.checks,
        calls: Int = 1,
        _ body: @escaping @Sendable (Seed, PluginContext) async throws -> [Draft] = Sketch.sound
    ) async -> Set<String> {
        let entry = PluginEntry<any Generator>(manifest, selfChecks: checks) { _, _, _ in
            Sketch(worstCaseCalls: ["model": calls], body: body)
        }
        return Set(await PluginConformance(finder: MemoryFinder()).findings(in: entry).map(\.rule))
    }

    @Test("A sound generator has no findings")
    func sound() async {
        let broken = await rules()

        #expect(broken == [])
    }

    @Test("What the manifest says wrong is found")
    func manifests() async {
        var wrong = Self.manifest
        wrong.name = "My_Sketch"
        wrong.version = 0
        wrong.summary = "A sketch."
        wrong.roles = []
        wrong.reasons = []
        wrong.produces = ["code", "tests"]

        let broken = await rules(wrong)

        #expect(broken == ["name", "version", "summary", "roles", "reasons", "produces"])
    }

    @Test("Both kinds of self-check are wanted, and they must hold")
    func selfChecks() async {
        let none = await rules(checks: [])
        let onlyAccepting = await rules(checks: [Self.checks[0]])
        let untrue = await rules(checks: [
            SelfCheck(
                "a",
                seed: Seed(id: "s", fields: [:]),
                replies: ["ok"],
                expects: .refuses("format-broken")
            ),
            SelfCheck("b", seed: Seed(id: "s", fields: [:]), replies: ["no"], expects: .accepts("no")),
        ])

        #expect(none == ["self-checks"])
        #expect(onlyAccepting == ["self-checks"])
        #expect(untrue == ["self-checks"])
    }

    @Test("A generator that keeps state or swallows bad replies is found")
    func behaviour() async {
        let counter = ScriptedHost("x")
        let stateful = await rules { seed, context in
            counter.drop("empty", "count", text: nil)
            let drafts = try await Sketch.sound(seed, context)
            return drafts.map { Draft($0.content, note: nil) }.map { draft in
                var draft = draft
                draft.content.labels["count"] = .int(counter.drops.count)
                return draft
            }
        }
        let gullible = await rules { seed, context in
            let reply = try await context.reply(to: [])
            guard reply.text != "no" else { throw Skip("format-broken", "no") }
            return [Draft(from: seed, messages: [Message(.assistant, reply.text)], fields: ["code": "x"])]
        }

        #expect(stateful == ["determinism"])
        #expect(gullible == ["bad-replies"])
    }

    @Test("Swallowed cancellation is found")
    func cancellation() async {
        let deaf = await rules { seed, context in
            do { return try await Sketch.sound(seed, context) } catch let error as CancellationError {
                _ = error
                return []
            }
        }

        let stubborn = await rules { seed, context in
            var failure: (any Error)?
            for _ in 0..<20 {
                do { return try await Sketch.sound(seed, context) } catch let error as CancellationError {
                    failure = error
                }
            }
            throw try #require(failure)
        }

        #expect(deaf == ["cancellation"])
        #expect(stubborn == ["cancellation"])
    }

    @Test("More calls than declared, and undeclared roles, are found")
    func costs() async {
        let greedy = await rules { seed, context in
            _ = try await context.reply(to: [])
            return try await Sketch.sound(seed, context)
        }
        let foreign = await rules { seed, context in
            let text = try await context.reply(to: [], role: "judge").usableText()
            guard text.hasPrefix("ok") else { throw Skip("format-broken", "no") }
            return [Draft(from: seed, messages: [Message(.assistant, text)], fields: ["code": "x"])]
        }

        #expect(greedy == ["worst-case"])
        #expect(foreign == ["roles"])
    }
}

@Suite("Conformance of verifiers")
struct VerifierConformanceTests {
    private struct Judge: Verifier {
        let isGullible: Bool
        var worstCaseCalls: [String: Int] { ["model": 1] }

        func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
            let reply = try await context.reply(to: [])
            if isGullible { return Verdict(reply.text == "NO" ? .fail("low-quality") : .pass) }
            let text = try reply.usableText()
            return Verdict(VerdictReply.choice(of: ["YES"], in: text) == nil ? .fail("low-quality") : .pass)
        }
    }

    @Test("A verifier is held to the same rules", arguments: [false, true])
    func verifier(isGullible: Bool) async {
        let seed = Seed(id: "s", fields: ["code": "x = 1"])
        let entry = PluginEntry<VerifierKind>(
            Manifest(
                name: "judge",
                version: 1,
                summary: "A judge",
                needs: [.model],
                reasons: ["low-quality", "truncated", "empty"]
            ),
            selfChecks: [
                SelfCheck("yes", seed: seed, replies: ["YES"], expects: .accepts("x = 1")),
                SelfCheck("no", seed: seed, replies: ["NO"], expects: .refuses("low-quality")),
            ]
        ) { _, _, _ in .single(Judge(isGullible: isGullible)) }

        let rules = Set(await PluginConformance(finder: MemoryFinder()).findings(in: entry).map(\.rule))

        #expect(rules == (isGullible ? ["bad-replies"] : []))
    }
}

@Suite("Resource finders")
struct FinderTests {
    private let finder = MemoryFinder(["src/a.py": "1", "src/deep/b.py": "2", "src/c.txt": "3", "d.py": "4"])

    @Test(
        "Patterns match parts of paths",
        arguments: [
            ("src/*.py", ["src/a.py"]), ("src/**/*.py", ["src/a.py", "src/deep/b.py"]),
            ("**/*.py", ["d.py", "src/a.py", "src/deep/b.py"]),
            ("src/?.txt", ["src/c.txt"]), ("*", ["d.py"]), ("d.py", ["d.py"]), ("nothing/*", []),
        ]
    )
    func patterns(pattern: String, expected: [String]) throws {
        let found = try finder.files(matching: pattern)

        #expect(found == expected)
    }

    @Test("Files in memory are found by name, folders by what is below them")
    func memory() throws {
        let bytes = try finder.bytes(at: finder.locate("src/a.py"))
        let folder = try finder.locate("src/deep")

        #expect(bytes == Array("1".utf8))
        #expect(folder == "src/deep")
        #expect(throws: ResourceProblem.self) { try finder.locate("src/x.py") }
        #expect(throws: ResourceProblem.self) { try finder.bytes(at: "src") }
    }
}
