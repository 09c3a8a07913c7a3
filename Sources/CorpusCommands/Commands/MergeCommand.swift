import ArgumentParser
import CorpusConfig
import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation

/// `corpusmith merge RECIPE`: joins the ledgers of shards into that of their run.
struct MergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Join the ledgers of a run's shards into the run's own",
        discussion: """
            Calls nobody. Takes all shards that lie in the folder shards/ of the run's folder, wherever they were made: replies, \
            executions, units of work, charges. What is on the run's ledger stays, and shards are not changed, so that the same \
            command may be given again: after a kill, or when shards have worked on or others have come. Then `run` without \
            --shard does what is left: what waits for selectors, the stages behind them, the exports, and what no shard has done. \
            Refused while a shard is at work.

            Two shards that bought the same reply, as those of 1/2 and 1/3 may, have both paid: the first reply stays, the other is \
            counted as a charge. Where the two say different things, work that was made of the other is left out, with all \
            that descends from its seed.

            Give the recipe, or the run's folder: then the recipe of the shard that began last counts. With --json: `shards`, each \
            with `shard`, `folder`, `state`, `is_done`, `calls`, `bought_twice`, `executions`, `units` (what was new), `refused_seeds` \
            and `changed_stages`; `missing`, the shards that are not here; and `counts`, as `report` has them.

            Exit codes: 0 done, 2 there are no shards or one cannot be used, 64 bad command line, 75 the disk is full, or another process works there.

            Example: corpusmith merge Templates/Recipes/quickstart.yaml
            """
    )

    @Argument(help: "The recipe, or the run's folder", completion: .file())
    var run: String

    @Option(help: "The run's folder; default: output/ and the recipe's name", completion: .directory)
    var output: String?

    @Flag(help: "Wait for shards that are at work, in place of refusing")
    var wait = false

    @Flag(help: "Print the account as JSON on standard output")
    var json = false

    @Flag(help: "As for `run`: the run is one without isolation, and its stages are others than with it")
    var unsafeNoSandbox = false

    @Option(help: "Colour: auto, always or never")
    var color = ColourChoice.auto

    func run() async throws {
        try await reporting(colour: color) {
            var isFolder: ObjCBool = false
            _ = unsafe FileManager.default.fileExists(atPath: run, isDirectory: &isFolder)
            guard output == nil || !isFolder.boolValue else {
                throw CommandProblem(
                    "two-folders",
                    "`\(run)` is a folder already",
                    hint: "leave `--output` out"
                )
            }
            let plan =
                isFolder.boolValue ? nil : try Workshop(recipe: run, allowsNoSandbox: unsafeNoSandbox).plan
            let folder = RunFolder(path: plan.map { output ?? "output/" + $0.recipe.name } ?? run)
            let folders = ShardFolders(folder).folders
            guard !folders.isEmpty else {
                throw CommandProblem(
                    "no-shards",
                    "there are no shards in `\(folder.shards)`",
                    hint: "`corpusmith run RECIPE --shard 1/2` works on the first of two"
                )
            }
            let locks = try await taking(waiting: wait) {
                try [RunLock(folder: folder.path)] + folders.map { try RunLock(folder: $0.path) }
            }
            defer { withExtendedLifetime(locks) {} }
            let shards = try folders.compactMap { try LedgerMerge.prepare($0.ledger) }
                .sorted { ($0.count, $0.index) < ($1.count, $1.index) }
            let account = try merge(shards, into: folder, plan)
            if json { Terminal.print(account.json) } else { account.lines.forEach { Terminal.print($0) } }
            account.notes.forEach { Terminal.tell("note: \($0)") }
        }
    }

    private func merge(
        _ shards: [ShardLedger],
        into folder: RunFolder,
        _ plan: Plan?
    ) throws -> MergeAccount {
        guard let newest = shards.max(by: { $0.started < $1.started }) else {
            throw CommandProblem(
                "no-shards",
                "no shard in `\(folder.shards)` has begun",
                hint: "`corpusmith run RECIPE --shard 1/2` works on the first of two"
            )
        }
        var members = newest.plan.members ?? [:]
        members["shard"] = nil
        let subject =
            plan.map { LedgerMerge.Subject(name: $0.recipe.name, recipe: $0.recipe.text, plan: $0.json) }
            ?? LedgerMerge.Subject(name: newest.name, recipe: newest.recipe, plan: .object(members))
        for shard in shards {
            let place = (shard.path as NSString).deletingLastPathComponent
            let isNamed = (place as NSString).lastPathComponent == "\(shard.index)-of-\(shard.count)"
            guard shard.name == subject.name, isNamed else {
                throw CommandProblem(
                    "foreign-shard",
                    "`\(place)` holds shard \(shard.label) of `\(shard.name)`"
                        + (isNamed ? ", and the run is `\(subject.name)`" : ""),
                    hint: isNamed
                        ? "move it to the folder of its own run"
                        : "call the folder `\(shard.index)-of-\(shard.count)`"
                )
            }
        }
        let merge = try LedgerMerge(
            into: folder.ledger,
            subject,
            product: Product.version,
            now: Date().timeIntervalSince1970
        )
        var takes = shards.map { _ in LedgerMerge.Take() }
        let isNew = try merge.begin(shards)
        if isNew {
            for (place, shard) in shards.enumerated() { takes[place] = try merge.take(shard) }
            try merge.end()
        }
        return MergeAccount(
            run: folder.path,
            plan: subject.plan,
            shards: Array(zip(shards, takes)),
            report: try reading(folder.ledger) { try $0.report() },
            isNew: isNew,
            command: plan.map {
                "corpusmith run \($0.recipe.file)" + (output.map { " --output \($0)" } ?? "")
            }
        )
    }
}
