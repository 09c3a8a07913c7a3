public import ArgumentParser

/// The product's name and version.
enum Product {
    static let version = "0.1.0"
}

/// `corpusmith`: the root of the command line.
public struct Corpusmith: AsyncParsableCommand, Sendable {
    /// Name, help and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "corpusmith",
        abstract:
            "A factory for synthetic instruction data: verified, decontaminated, deduplicated, ready to train on",
        discussion: """
            The shortest useful path:
              corpusmith run Templates/Recipes/quickstart.yaml   make a small verified corpus with the bundled model
              corpusmith report output/quickstart                account for every candidate
              corpusmith explain SAMPLE-ID                       tell how one sample came to be

            Models are called, and money may be spent, by `run` alone.
            """,
        version: Product.version,
        subcommands: [
            CheckCommand.self, PlanCommand.self, RunCommand.self, MergeCommand.self, CtlCommand.self,
            ReportCommand.self,
            RejectsCommand.self, ExplainCommand.self, LedgerCommand.self, PluginsCommand.self,
            DoctorCommand.self,
            ModelCommand.self,
            FingerprintCommand.self, InitCommand.self,
        ]
    )

    /// Creates the command.
    public init() {}

    /// Reads the command line, does what it says and exits with its code.
    public static func launch() async {
        Terminal.prepare()
        await main()
    }
}
