import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("What can be wrong with a shared ledger", .timeLimit(.minutes(5)))
struct SharedLedgerFaultTests {
    private func started(_ path: String = "shared.sqlite", tests: Bool = true) throws -> Bench {
        let bench = try Bench()
        let recipe = tests ? bench.recipe() : bench.untestedRecipe()
        try bench.write(recipe + "ledger: \"\(path)\"\n", to: "recipe.yaml")
        return bench
    }

    /// A file that is no shared ledger.
    struct Wrong: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var code: String
        var words: String
        /// Makes it of a bench that has run once.
        var make: @Sendable (_ bench: Bench, _ path: String) throws -> Void
    }

    static let wrong = [
        Wrong(
            testDescription: "a text",
            code: "ledger-foreign",
            words: "hint: name another file under `ledger:` in the recipe; one that is not there is made"
        ) {
            try Data(String(repeating: "no database\n", count: 100).utf8).write(to: URL(fileURLWithPath: $1))
        },
        Wrong(
            testDescription: "the ledger of a run",
            code: "ledger-foreign",
            words: "is the ledger of a run, and nobody else can fill it"
        ) { try FileManager.default.copyItem(atPath: $0.ledgerFile(), toPath: $1) },
        Wrong(
            testDescription: "a ledger of a later version",
            code: "ledger-newer",
            words: "has schema 99; this program knows 8"
        ) { try LedgerFile.change($1, "PRAGMA user_version = 99") },
        Wrong(
            testDescription: "one that was cut short",
            code: "ledger-damaged",
            words: "each brings it back when it runs again"
        ) { unsafe _ = truncate($1, 8192) },
        Wrong(
            testDescription: "one that was cut to a part of its header",
            code: "ledger-damaged",
            words: "`shared.sqlite` is cut short, and `"
        ) { unsafe _ = truncate($1, 60) },
        Wrong(
            testDescription: "one that was cut to nothing",
            code: "ledger-damaged",
            words: "`shared.sqlite` is cut short, and `"
        ) { unsafe _ = truncate($1, 0) },
        Wrong(
            testDescription: "one that is gone",
            code: "ledger-damaged",
            words: "`shared.sqlite` is gone, and `"
        ) { try FileManager.default.removeItem(atPath: $1) },
        Wrong(
            testDescription: "one whose pages were overwritten",
            code: "ledger-damaged",
            words: "hint: put a whole copy back"
        ) { _, path in
            var data = try Data(contentsOf: URL(fileURLWithPath: path))
            data.replaceSubrange(100..<4096, with: Data(repeating: 7, count: 3996))
            try data.write(to: URL(fileURLWithPath: path))
        },
    ]

    @Test(
        "A file that cannot be used is named, nothing is bought, and what was paid for stays",
        arguments: wrong
    )
    func wrongFile(wrong: Wrong) async throws {
        let bench = try started()
        _ = try await bench.run()
        let path = bench.folder + "/shared.sqlite"
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
        if wrong.code == "ledger-foreign" { try FileManager.default.removeItem(atPath: path) }
        try wrong.make(bench, path)
        let (calls, rows) = (bench.calls, try bench.rows())
        let end = try await bench.run("--output", "output/second")

        #expect(end.code == 2 && end.errors.hasPrefix("error[\(wrong.code)]: "), "\(end.errors)")
        #expect(end.errors.contains(wrong.words), "\(end.errors)")
        #expect(bench.calls == calls)

        // Its runs bring back what they have bought.
        for name in ["shared.sqlite", "shared.sqlite.lock", "shared.sqlite-wal", "shared.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: bench.folder + "/" + name)
        }
        let again = try await bench.run()
        let second = try await bench.run("--output", "output/second")
        #expect(again.code == 0 && second.code == 0, "\(again.errors) \(second.errors)")
        #expect(bench.calls == calls)
        #expect(try bench.rows(of: "output/second") == rows)
    }

    @Test(
        "A shared ledger of an earlier version is brought up to date, and its replies serve",
        arguments: [3, 6]
    )
    func earlier(version: Int) async throws {
        let bench = try started()
        _ = try await bench.run()
        try LedgerFile.change(bench.folder + "/shared.sqlite", EarlierSchema.sql(backTo: version))
        let looked = try await bench.ledger("stats", "shared.sqlite")
        let end = try await bench.run("--output", "output/second")
        let stats = try await bench.ledger("stats", "shared.sqlite", "--json").json

        #expect(looked.code == 2 && looked.errors.contains("error[ledger-older]"), "\(looked.errors)")
        #expect(end.code == 0 && bench.calls == 24, "\(end.errors)")
        #expect(stats["ledger_schema"]?.whole == 8 && stats["is_shared"]?.flag == true)
    }

    @Test(
        "A place where no shared ledger can be is refused before anything is bought",
        arguments: [
            (
                "output/bench/ledger.sqlite", 2,
                "error[own-ledger]: the recipe's `ledger: output/bench/ledger.sqlite`"
            ),
            ("none/shared.sqlite", 2, "error[ledger-missing]: there is no folder `none` for the ledger"),
            ("output", 2, "error[ledger-denied]"),
        ]
    )
    func wrongPlace(path: String, code: Int32, words: String) async throws {
        let bench = try started(path)
        try FileManager.default.createDirectory(
            atPath: bench.folder + "/output",
            withIntermediateDirectories: true
        )
        let end = try await bench.run()

        #expect(end.code == code && end.errors.contains(words), "\(end.errors)")
        #expect(bench.calls == 0)
    }

    @Test("A run's folder that holds a shared ledger in place of its own is refused")
    func sharedAsOwn() async throws {
        let bench = try started("campaign/ledger.sqlite")
        try bench.write("", to: "campaign/.keep")
        _ = try await bench.run()
        let run = try await bench.run("--output", "campaign")
        let report = try await Program.run("report", "campaign", folder: bench.folder)
        let stats = try await bench.ledger("stats", "campaign")

        #expect(run.code == 2 && run.errors.contains("error[own-ledger]"), "\(run.errors)")
        #expect(report.code == 2 && report.errors.contains("error[ledger-shared]"), "\(report.errors)")
        #expect(stats.code == 0 && stats.output.hasPrefix("shared, used last by bench: "), "\(stats.output)")
    }

    @Test(
        "When the disk of the shared ledger fills up the run stops with 75, and nothing that was paid for is lost"
    )
    func fullDisk() async throws {
        try await SmallDisk.lend(kibibytes: 4096 + 240, to: "SharedLedgerFaultTests/fullDisk") { disk in
            let bench = try Bench { request in
                let noise = Digest(of: request.text).description
                return .chat("I cannot. " + String(repeating: noise, count: 40))
            }
            try bench.write(
                bench.untestedRecipe() + "ledger: \(disk.path)/shared.sqlite\n",
                to: "recipe.yaml"
            )
            let end = try await bench.run("--unsafe-no-sandbox")
            try disk.makeRoom()
            let second = try await bench.run("--unsafe-no-sandbox")
            let other = try await bench.run("--unsafe-no-sandbox", "--output", "output/second")

            #expect(end.code == 75, "\(end.code) \(end.errors)")
            #expect(
                end.errors.contains("cannot write the ledger `\(disk.path)/shared.sqlite`"),
                "\(end.errors)"
            )
            #expect(second.code == 0 && other.code == 0, "\(second.errors) \(other.errors)")
            #expect(bench.calls == 24)
        }
    }

    @Test("A shared ledger on a disk that cannot be written is refused before anything is bought")
    func readOnly() async throws {
        try await SmallDisk.lend(kibibytes: 32 << 10, to: "SharedLedgerFaultTests/readOnly") { disk in
            let bench = try Bench()
            try bench.write(
                bench.untestedRecipe() + "ledger: \(disk.path)/shared.sqlite\n",
                to: "recipe.yaml"
            )
            let first = try await bench.run("--unsafe-no-sandbox")
            let calls = bench.calls
            #expect(try await Child.code(of: "mount", "-o", "remount,ro", disk.path) == 0)
            let second = try await bench.run("--unsafe-no-sandbox", "--output", "output/second")

            #expect(first.code == 0, "\(first.errors)")
            #expect(second.code == 2 && second.errors.contains("error[ledger-denied]"), "\(second.errors)")
            #expect(bench.calls == calls)
        }
    }
}
