extension Sandbox {
    /// Name and version of what runs tests of a kind in a language.
    ///
    /// - Throws: ``Skip`` with `unsupported-tests` when no toolchain would help, ``WorkFailure`` with
    ///   `toolchain-missing` when one would, and as ``toolchain(for:)``.
    package func toolchain(for language: String, running kind: TestSuite.Kind) async throws -> String {
        guard canRun(kind, in: language) else {
            throw Skip(
                "unsupported-tests",
                "the sandbox has no way to run `\(kind.rawValue)` tests in `\(language)`"
            )
        }
        guard let toolchain = try await toolchain(for: language) else {
            throw WorkFailure(missingToolchainFor: language)
        }
        return toolchain
    }
}

extension ExecutionResult {
    /// This result, which is about the program.
    ///
    /// - Throws: ``WorkFailure`` with `toolchain-missing` or `sandbox-error` when it is about the machine.
    func ofProgram(in language: String) throws(WorkFailure) -> ExecutionResult {
        switch verdict {
        case .unavailable: throw WorkFailure(missingToolchainFor: language)
        case .sandboxError:
            throw WorkFailure("sandbox-error", "the sandbox could not run a `\(language)` program")
        default: return self
        }
    }
}

extension WorkFailure {
    fileprivate init(missingToolchainFor language: String) {
        self.init(
            "toolchain-missing",
            "there is no toolchain for `\(language)` on this machine",
            hint: "install the package that provides `\(language)`; `corpusmith doctor` says what is there"
        )
    }
}
