import ArgumentParser
import CorpusKit
import CorpusLedger
import Foundation

/// `corpusmith ledger export RUN --to FILE`: writes the replies of a run to a cassette.
struct LedgerExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write every request and reply of a run to a cassette",
        discussion: """
            What `run --record` does, without a run: requests and replies, sorted, without keys, addresses, prices and times. \
            The file is packed, or plain when its name ends in `.jsonl`. Under the name `cassette.jsonl.zst` or \
            `cassette.jsonl`, `run --cassette` takes it from its folder. Executions are not in it: what a program did is believed on the \
            machine that ran it. Works while a run goes on, with what is there at that moment.

            Exit codes: 0 done, 2 there is no such run, or FILE is there and no cassette, 64 bad command line, 75 the disk is full.

            Example: corpusmith ledger export output/quickstart --to tape/cassette.jsonl.zst
            """
    )

    @Argument(help: "The run's folder, or the file of a shared ledger", completion: .file())
    var run: String

    @Option(help: "The file to write; a cassette that is there is replaced", completion: .file())
    var to: String

    @Flag(help: "Print `replies` and `dropped`, their counts, as JSON on standard output")
    var json = false

    func run() async throws {
        try await reporting {
            var isFolder: ObjCBool = false
            let isThere = unsafe FileManager.default.fileExists(atPath: to, isDirectory: &isFolder)
            guard !isFolder.boolValue else {
                throw CommandProblem(
                    "no-file",
                    "cannot write `\(to)`: it is a folder",
                    hint: "name a file in it: `--to \(to)/cassette.jsonl.zst`"
                )
            }
            guard !isThere || Cassette.isOne(to) else {
                throw CommandProblem(
                    "file-exists",
                    "`\(to)` is there already and is no cassette",
                    hint: "name another file with `--to`"
                )
            }
            let (replies, dropped) = try reading(LedgerPlace(run).path) { try $0.record(toFile: to) }
            if json { Terminal.print(["schema": 1, "replies": .int(replies), "dropped": .int(dropped)]) }
            Terminal.tell("wrote \(Amount.count(replies)) replies to \(to)")
            if dropped > 0 {
                Terminal.tell(
                    "warning[body-dropped]: \(Amount.count(dropped)) replies are not in it: `ledger vacuum` dropped them"
                )
            }
        }
    }
}

/// `corpusmith ledger import RUN --from FILE`: takes the replies of a cassette into a run's ledger.
struct LedgerImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take the replies of a cassette into the ledger of a run, at no cost",
        discussion: """
            A reply that the ledger has already stays as it is. One whose body `ledger vacuum` dropped comes back if it is the \
            same, word for word. A cassette is read to its end before anything is taken. Refused while a run is at \
            work with it.

            With --json: the counts `new`, `known` (here already), `restored` (dropped before), `other` (not taken: the ledger \
            has another reply to the same request).

            Exit codes: 0 done, 2 there is no such run or no sound cassette, 64 bad command line, 75 the disk is full.

            Example: corpusmith ledger import output/quickstart --from tape/cassette.jsonl.zst
            """
    )

    @Argument(help: "The run's folder, or the file of a shared ledger", completion: .file())
    var run: String

    @Option(help: "The cassette, or a folder that has one", completion: .file())
    var from: String

    @Flag(help: "Print the counts as JSON on standard output")
    var json = false

    func run() async throws {
        try await reporting {
            var isFolder: ObjCBool = false
            _ = unsafe FileManager.default.fileExists(atPath: from, isDirectory: &isFolder)
            let cassette = try isFolder.boolValue ? Cassette(in: from) : Cassette(file: from)
            try await LedgerPlace(run).maintaining { ledger in
                try await cassette.read { _ in }
                let take = try await ledger.load(cassette)
                if json {
                    Terminal.print([
                        "schema": 1, "new": .int(take.new), "known": .int(take.known),
                        "restored": .int(take.restored),
                        "other": .int(take.other),
                    ])
                }
                tell(take)
            }
        }
    }

    private func tell(_ take: CassetteTake) {
        var parts = [
            "took \(Amount.count(take.new)) replies", "\(Amount.count(take.known)) were here already",
        ]
        if take.restored > 0 { parts.append("\(Amount.count(take.restored)) that had been dropped are back") }
        Terminal.tell(parts.joined(separator: ", "))
        if take.other > 0 {
            Terminal.tell(
                "warning[other-reply]: \(Amount.count(take.other)) were not taken: the ledger has another reply to the same request"
            )
        }
    }
}
