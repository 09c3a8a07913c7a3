import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("The command line", .timeLimit(.minutes(5)))
struct CommandTests {
    @Test("Help names every command and costs nothing")
    func help() async throws {
        let end = try await Program.run("--help")
        #expect(end.code == 0)
        for command in [
            "check", "plan", "run", "report", "rejects", "explain", "ledger", "plugins", "doctor", "model",
            "fingerprint", "init",
        ] {
            #expect(end.output.contains("\n  \(command) "), "\(command)")
        }
    }

    @Test(
        "Every command's help states its exit codes and an example",
        arguments: [
            "check", "plan", "run", "report", "rejects", "explain", "ledger stats", "ledger verify",
            "ledger vacuum",
            "ledger export", "ledger import", "doctor", "init", "model serve", "fingerprint build",
        ]
    )
    func commandHelp(command: String) async throws {
        let end = try await Program.start(command.split(separator: " ").map(String.init) + ["--help"]).end()
        #expect(end.code == 0)
        #expect(end.output.contains("Exit codes:"))
        #expect(end.output.contains("Example: corpusmith \(command)"))
    }

    @Test("A wrong command line exits 64")
    func wrongCommandLine() async throws {
        #expect(try await Program.run("run").code == 64)
        #expect(try await Program.run("nonsense").code == 64)
    }

    @Test("Faults in a recipe are shown with line and caret, all together, and nothing is called or written")
    func faults() async throws {
        let bench = try Bench()
        let text = bench.recipe()
            .edited("verify: tests", to: "verify: tets")
            .edited("attempts: 4", to: "atempts: 4")
        try bench.write(text, to: "recipe.yaml")
        let check = try await Program.run("check", "recipe.yaml", folder: bench.folder)
        let run = try await bench.run()

        #expect(check.code == 1)
        #expect(
            check.errors == """
                error[unknown-option]: `solve` has no option `atempts`
                  --> recipe.yaml:10:70
                   |
                10 |   solved: { generate: solve, from: tasks, model: student, options: { atempts: 4 } }
                   |                                                                      ^^^^^^^
                hint: did you mean `attempts`?

                error[unknown-plugin]: unknown plug-in `tets` for `verify:`
                  --> recipe.yaml:11:21
                   |
                11 |   tested: { verify: tets, from: solved }
                   |                     ^^^^
                hint: did you mean `tests`?

                2 faults; nothing was called and nothing was written

                """
        )
        #expect(run.code == 2)
        #expect(run.errors == check.errors)
        #expect(bench.server.requests.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/output"))
    }

    @Test("Faults of the reader, of the plan and of a prompt are shown in one go, by their places")
    func faultsOfAllKinds() async throws {
        let bench = try Bench()
        let text = bench.recipe()
            .edited("budget: { tokens: 1000000 }", to: "budget: { tokens: -1 }")
            .edited("verify: tests", to: "verify: tets")
        try bench.write(text, to: "recipe.yaml")
        try bench.write("{{ tasc }}\n", to: "Templates/Prompts/solve/prompt.jinja")
        let check = try await Program.run("check", "recipe.yaml", folder: bench.folder)

        #expect(check.code == 1)
        let lines = check.errors.split(separator: "\n").filter {
            $0.hasPrefix("error") || $0.contains("-->") || $0.contains("faults;")
        }
        #expect(lines.count == 7, "\(check.errors)")
        try #require(lines.count == 7)
        #expect(lines[0] == "error[undefined-variable]: `tasc` is undefined")
        #expect(lines[1].hasSuffix("Templates/Prompts/solve/prompt.jinja:1:4"))
        #expect(lines[2] == "error[out-of-range]: `tokens` must be at least 1, not -1")
        #expect(lines[3] == " --> recipe.yaml:6:19")
        #expect(lines[4] == "error[unknown-plugin]: unknown plug-in `tets` for `verify:`")
        #expect(lines[5] == "  --> recipe.yaml:11:21")
        #expect(lines[6] == "3 faults; nothing was called and nothing was written")
    }

    @Test(
        "A field that the seeds lack is shown where a prompt needs it; one that a later seed lacks costs that seed alone"
    )
    func missingFields() async throws {
        let rows = (1...101).map { #"{"word": "w\#($0)"\#($0 == 101 ? "" : #", "tongue": "en""#)}"# }
        let bench = try Bench(seeds: rows.joined(separator: "\n") + "\n")
        func write(_ prompt: String) throws {
            try bench.write(prompt, to: "Templates/Generators/explain/user.jinja")
            try bench.write(
                "name: explain\nversion: 1\nsummary: Explains\nfields: [word, tongue, error]\n"
                    .replacing(prompt.contains("error") ? "" : ", error", with: ""),
                to: "Templates/Generators/explain/generator.yaml"
            )
        }
        let stages = "stages: { told: { generate: explain, from: tasks, model: student } }\n"
        let exports = "exports: { sft: { write: sft-messages, from: told } }\n"
        let head = try #require(bench.recipe().components(separatedBy: "stages:").first)
        try bench.write(head + stages + exports, to: "recipe.yaml")

        try write("Take heed.\nExplain `{{ error }}` in {{ tongue }}.\n")
        let check = try await Program.run("check", "recipe.yaml", folder: bench.folder)
        #expect(check.code == 1)
        let place = "Templates/Generators/explain/user.jinja:2:13"
        #expect(check.errors.contains(place), "\(check.errors)")
        #expect(check.errors.contains("needs `{{ error }}`, which `tasks` does not have"), "\(check.errors)")
        #expect(check.errors.contains("2 | Explain `{{ error }}` in {{ tongue }}.\n  |             ^^^^^\n"))
        #expect(check.errors.contains("hint: its fields are `tongue`, `word`"))

        try write("Explain {{ word }} in {{ tongue }}, as def add_1 does.\n")
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let counts = try await bench.report()["counts"]
        #expect(counts?["dropped"]?["missing-field"]?.whole == 1)
        #expect(counts?["failed"]?.members?.isEmpty == true)
    }

    @Test("Faults as JSON have places too")
    func faultsAsJSON() async throws {
        let bench = try Bench()
        try bench.write("version: 1\nname: x\n\tbad: 1\n", to: "recipe.yaml")
        let end = try await Program.run("check", "recipe.yaml", "--json", folder: bench.folder)
        let fault = try #require(try end.json["faults"]?.elements?.first)
        #expect(end.code == 1)
        #expect(fault["code"]?.text == "invalid-yaml")
        #expect(fault["line"]?.whole == 3)
    }

    @Test(
        "What a run cannot start with is said in one sentence",
        arguments: [
            ("budget: { tokens: 1000000 }\n", "", "error[no-budget]", 2),
            (
                "path: seeds.jsonl", "path: nowhere.jsonl",
                "error[missing-file]: cannot find `nowhere.jsonl`", 2
            ),
            ("from: solved }", "from: rated }", "error[cycle]", 2),
            ("read: jsonl", "read: jsonl, require: [solution]", "", 0),
            (
                "generate: solve", "generate: oss-instruct",
                "needs the field `code`, which `tasks` does not have", 2
            ),
            ("verify: tests, from: solved", "verify: tests, from: solvd", "did you mean `solved`?", 2),
            ("model: student", "model: studnt", "did you mean `student`?", 2),
            ("model: student", "model: mm", "hint: its models: `student`", 2),
            ("from: solved }", "from: x }", "hint: its sources and stages: `pairs`", 2),
            (
                "from: unique, splits", "from: pairs, splits",
                "`sft-messages` writes samples, and `pairs` gives pairs", 2
            ),
        ]
    )
    func refusals(old: String, new: String, message: String, code: Int32) async throws {
        let bench = try Bench()
        try bench.write(bench.recipe().edited(old, to: new), to: "recipe.yaml")
        let end = try await bench.run()
        #expect(end.code == code, "\(end.errors)")
        #expect(message.isEmpty || end.errors.contains(message), "\(end.errors)")
        if code != 0 { #expect(bench.server.requests.isEmpty) }
    }

    @Test("An empty source and a recipe that is not there are refused")
    func emptyAndMissing() async throws {
        let bench = try Bench(seeds: "\n\n")
        let empty = try await bench.run()
        #expect(empty.code == 2)
        #expect(empty.errors.contains("seeds.jsonl"), "\(empty.errors)")
        let missing = try await Program.run("run", "nothing.yaml", folder: bench.folder)
        #expect(missing.code == 2)
        #expect(missing.errors.contains("cannot read `nothing.yaml`: no such file"))
    }

    @Test("A prompt with an undefined variable is a fault at its place, before anything is called")
    func undefinedVariable() async throws {
        let bench = try Bench()
        let prompts = Repository.path + "/Templates/Prompts/solve"
        for name in try FileManager.default.contentsOfDirectory(atPath: prompts) {
            try bench.write(
                "{# mine #}\nSolve {{ tsk }}\n",
                to: "Templates/Prompts/solve/\(name)"
            )
        }
        let end = try await Program.run("check", "recipe.yaml", folder: bench.folder)
        #expect(end.code == 1)
        #expect(end.errors.contains("error[undefined-variable]"), "\(end.errors)")
        #expect(end.errors.contains("Templates/Prompts/solve/"))
        #expect(end.errors.contains(":2:10"))
        #expect(end.errors.contains("did you mean `task`?"))
    }

    @Test("A template-only generator is used by its name, and a hole that the seeds lack is a fault")
    func templateGenerator() async throws {
        let bench = try Bench { _ in .chat("Because it is so.") }
        try bench.write(
            "name: explain\nversion: 1\nsummary: Explains\nfields: [instruction]\n",
            to: "Templates/Generators/explain/generator.yaml"
        )
        try bench.write("Explain: {{ instruction }}", to: "Templates/Generators/explain/user.jinja")
        let recipe = """
            version: 1
            name: bench
            models: { m: { url: "\(bench.server.url)", model: scripted } }
            budget: { calls: 100 }
            sources: { tasks: { read: jsonl, path: seeds.jsonl } }
            stages: { told: { generate: explain, from: tasks, model: m } }
            exports: { sft: { write: sft-messages, from: told } }

            """
        try bench.write(recipe, to: "recipe.yaml")
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let rows = try bench.exports()["sft/train-00000-of-00001.jsonl"]?.split(separator: "\n") ?? []
        #expect(rows.count == 6)
        #expect(rows.allSatisfy { $0.contains("Explain: Add ") && $0.contains("Because it is so.") })

        try bench.write(
            "Explain: {{ instruction }} {{ error }}",
            to: "Templates/Generators/explain/user.jinja"
        )
        let fault = try await Program.run("check", "recipe.yaml", folder: bench.folder)
        #expect(fault.code == 1)
        #expect(fault.errors.contains("error[undefined-variable]"), "\(fault.errors)")
    }

    @Test("The shipped recipes are sound", arguments: ["quickstart", "from-code"])
    func shippedRecipes(name: String) async throws {
        let end = try await Program.run("check", "Templates/Recipes/\(name).yaml")
        #expect(end.code == 0, "\(end.errors)")
        let plan = try await Program.run("plan", "Templates/Recipes/\(name).yaml", "--json")
        #expect(plan.code == 0)
        #expect(try plan.json["estimate"]?["calls"]?.whole ?? 0 > 0)
    }

    @Test("A plan names what everything would take and calls nothing")
    func plan() async throws {
        let bench = try Bench()
        let end = try await Program.run("plan", "recipe.yaml", folder: bench.folder)
        #expect(end.code == 0)
        #expect(end.output.contains("in full: 6 seeds, 24 calls"))
        #expect(bench.server.requests.isEmpty)
    }

    @Test("A dry run prints the plan, as JSON too, and calls nothing")
    func dryRun() async throws {
        let bench = try Bench()
        let plan = try await Program.run("plan", "recipe.yaml", "--json", folder: bench.folder)
        let dry = try await bench.run("--dry-run", "--json")
        let text = try await bench.run("--dry-run")

        #expect(dry.code == 0 && text.code == 0)
        #expect(try dry.json == plan.json)
        #expect(text.output.contains("in full: 6 seeds, 24 calls"))
        #expect(bench.server.requests.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/output"))
    }

    @Test("The colour of an error's label is as the command line says")
    func colour() async throws {
        for (choice, label) in [
            ("always", "\u{1B}[31merror[missing-file]\u{1B}[0m: cannot read"),
            ("never", "error[missing-file]: cannot read"), ("auto", "error[missing-file]: cannot read"),
        ] {
            let run = try await Program.run("run", "nothing.yaml", "--color", choice)
            #expect(run.code == 2)
            #expect(run.errors.hasPrefix(label), "\(run.errors)")
        }
        for command in ["check", "plan"] {
            let end = try await Program.run(command, "nothing.yaml", "--color", "always")
            #expect(end.errors.hasPrefix("\u{1B}[31merror[missing-file]\u{1B}[0m: "), "\(end.errors)")
        }
        let report = try await Program.run("report", "nowhere", "--color", "always")
        #expect(report.errors.hasPrefix("\u{1B}[31merror[ledger-missing]\u{1B}[0m: "), "\(report.errors)")
    }

    @Test(
        "The labels of a recipe's faults are coloured when that is asked for",
        arguments: ["check", "plan", "run"]
    )
    func faultsInColour(command: String) async throws {
        let bench = try Bench()
        try bench.write(bench.recipe().edited("verify: tests", to: "verify: tets"), to: "recipe.yaml")
        let plain = try await Program.run(command, "recipe.yaml", folder: bench.folder)
        let painted = try await Program.run(
            command,
            "recipe.yaml",
            "--color",
            "always",
            folder: bench.folder
        )

        #expect(painted.errors.hasPrefix("\u{1B}[31merror[unknown-plugin]\u{1B}[0m: unknown plug-in"))
        #expect(
            painted.errors.replacing("\u{1B}[31m", with: "").replacing("\u{1B}[0m", with: "") == plain.errors
        )
    }

    @Test("A folder that cannot be made is said in words, with what to do", arguments: ["afile/x", "afile"])
    func noFolder(path: String) async throws {
        let bench = try Bench()
        try bench.write("x", to: "afile")
        let end = try await bench.run("--output", path)

        #expect(end.code == 2)
        #expect(
            end.errors == """
                error[no-folder]: cannot create the run's folder `\(path)`: a part of its path is a file, not a folder
                hint: name another place with `--output`

                """
        )
        #expect(bench.server.requests.isEmpty)
    }

    @Test("A run is read where nothing may be written", arguments: [false, true])
    func readOnlyFolder(isReadBefore: Bool) async throws {
        let bench = try Bench()
        _ = try await bench.run()
        if isReadBefore { _ = try await Program.run("report", "output/bench", folder: bench.folder) }
        let run = bench.folder + "/output/bench"
        let mode = { try FileManager.default.setAttributes([.posixPermissions: $0], ofItemAtPath: $1) }
        for file in try FileManager.default.contentsOfDirectory(atPath: run) where file.hasPrefix("ledger") {
            try mode(0o444, run + "/" + file)
        }
        try mode(0o555, run)
        let wrapper = geteuid() == 0 ? ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] : []
        for words in [
            ["report", "output/bench"], ["ctl", "status", "output/bench"],
            ["ledger", "verify", "output/bench"],
        ] {
            let end = try await Program.start(words, through: wrapper, folder: bench.folder).end()
            #expect(end.code == 0, "\(words) \(end.errors)")
        }
        try mode(0o755, run)
    }

    @Test("Whoever only reads is not told that writing failed", arguments: ["report", "explain"])
    func readingDenied(command: String) async throws {
        let bench = try Bench()
        try bench.write("of somebody else", to: "x/ledger.sqlite")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0],
            ofItemAtPath: bench.folder + "/x/ledger.sqlite"
        )
        // Root may read everything, unless it gives up its capabilities.
        let wrapper = geteuid() == 0 ? ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] : []
        let arguments = command == "report" ? ["report", "x"] : ["explain", "smp_00000000", "--run", "x"]
        let end = try await Program.start(arguments, through: wrapper, folder: bench.folder).end()

        #expect(end.code == 2)
        #expect(
            end.errors.contains("error[ledger-denied]: cannot read the ledger `x/ledger.sqlite`"),
            "\(end.errors)"
        )
    }

    @Test("Plug-ins are listed and described")
    func plugins() async throws {
        let list = try await Program.run("plugins", "list", "--json")
        let names = try list.json["plugins"]?.elements?.compactMap { $0["name"]?.text } ?? []
        for name in [
            "jsonl", "code", "evol-instruct", "oss-instruct", "style-mix", "solve", "self-correction",
            "tests",
            "pass-rate", "topic-difficulty", "decontaminate", "exact-duplicates", "rollouts", "sft-messages",
            "dpo",
        ] { #expect(names.contains(name), "\(name)") }
        for plugin in try list.json["plugins"]?.elements ?? [] {
            let options = plugin["options"]?.members?.keys.sorted() ?? []
            let meanings = plugin["option_meanings"]?.members ?? [:]
            #expect(meanings.keys.sorted() == options, "\(plugin["name"]?.text ?? "")")
            for meaning in meanings.values.compactMap(\.text) {
                #expect(meaning.hasSuffix(".") && !meaning.contains("\n"), "\(meaning)")
            }
        }
        let show = try await Program.run("plugins", "show", "solve")
        #expect(
            show.output.contains(
                "    attempts: 4\n        How many independent answers each task gets; 1 to 1000.\n"
            ),
            "\(show.output)"
        )
        #expect(try await Program.run("plugins", "show", "nothing").code == 2)
    }

    @Test("A fresh copy of a recipe can be made, and nothing is overwritten")
    func initialise() async throws {
        let bench = try Bench()
        let first = try await Program.run("init", "quickstart", folder: bench.folder)
        let second = try await Program.run("init", "quickstart", folder: bench.folder)
        #expect(first.code == 0, "\(first.errors)")
        #expect(second.code == 2)
        #expect(try await Program.run("check", "quickstart.yaml", folder: bench.folder).code == 0)
    }

    @Test("Reports of nothing are refused in words")
    func noReport() async throws {
        let bench = try Bench()
        let end = try await Program.run("report", "output/none", folder: bench.folder)
        #expect(end.code == 2)
        #expect(end.errors.contains("error[ledger-missing]"))
        try bench.write(
            "not a database, but a text that is long enough to be looked at",
            to: "x/ledger.sqlite"
        )
        #expect(try await Program.run("report", "x", folder: bench.folder).code == 2)
    }

    @Test("A pack is built from a file, is the same each time, and decontaminates")
    func fingerprint() async throws {
        let bench = try Bench()
        try bench.write(
            #"{"id":"h1","prompt":"Please compute the grand total of all the small numbers in the long list that you are given today"}"#
                + "\n",
            to: "holdout.jsonl"
        )
        for name in ["a.csfp", "b.csfp"] {
            let end = try await Program.run(
                "fingerprint",
                "build",
                "holdout.jsonl",
                "--name",
                "holdout",
                "--fields",
                "prompt",
                "--id",
                "id",
                "--licence",
                "MIT",
                "--source",
                "ours",
                "--output",
                name,
                folder: bench.folder
            )
            #expect(end.code == 0, "\(end.errors)")
        }
        let (a, b) = (
            FileManager.default.contents(atPath: bench.folder + "/a.csfp"),
            FileManager.default.contents(atPath: bench.folder + "/b.csfp")
        )
        #expect(a != nil && a == b)
        let info = try await Program.run("fingerprint", "info", "a.csfp", folder: bench.folder)
        #expect(info.output.contains("holdout: 1 item, MIT, ours"), "\(info.output)")
    }
}
