import ArgumentParser
import CorpusEndpoint
import CorpusKit
import Foundation

/// `corpusmith model`: the bundled model as a server.
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "Serve the bundled model on this machine",
        subcommands: [Serve.self]
    )

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "serve",
            abstract: "Serve a bundled model on a loopback port until Ctrl-C",
            discussion: """
                Prints the server's address on standard output once it answers: an OpenAI-compatible interface under \
                /v1. A run whose recipe says `local: NAME` starts and stops a server of its own; this command is for \
                trying things out. `make model` gets the model.

                Exit codes: 0 stopped, 2 could not be started, 64 bad command line.

                Example: corpusmith model serve --port 8080
                """
        )

        @Argument(help: "The model's name")
        var name = "smollm2-135m"

        @Option(help: "The loopback port; 0 takes a free one")
        var port = 0

        @Option(help: "Requests that are worked on side by side")
        var slots = 8

        func validate() throws {
            guard (0...65535).contains(port) else { throw ValidationError("a port is between 0 and 65535") }
            guard (1...256).contains(slots) else { throw ValidationError("slots are between 1 and 256") }
        }

        func run() async throws {
            try await reporting {
                try await LocalModels.serve(name, slots: slots, port: port) { address in
                    Terminal.print(address)
                    Terminal.tell("serving \(name); stop with Ctrl-C")
                    let (stream, stop) = AsyncStream.makeStream(of: Void.self)
                    await withSignals { _ in
                        stop.finish()
                    } _: {
                        for await _ in stream {}
                    }
                }
            }
        }
    }
}
