import CorpusKit

extension Seed {
    /// The tests that a seed brings, or nil when it brings none.
    ///
    /// - Throws: ``Skip`` with `format-broken` when there are some and they cannot be read.
    func tests() throws(Skip) -> TestSuite? {
        guard let tests = content.fields["tests"], tests != .null else { return nil }
        do {
            return try TestSuite(json: tests)
        } catch {
            throw Skip("format-broken", "the seed's tests: \(error.description)")
        }
    }
}

extension TestSuite {
    /// Refuses tests of a function whose name no answer can know: only by luck would one pass.
    ///
    /// - Parameter messages: All that a model is told before it answers.
    /// - Throws: ``Skip`` with `unnamed-entry-point`.
    func checkEntryPoint(isNamedIn messages: [Message]) throws(Skip) {
        guard case .call(let entryPoint, _, _) = self,
            !messages.contains(where: { $0.content.hasWord(entryPoint) })
        else { return }
        throw Skip(
            "unnamed-entry-point",
            "the tests call `\(entryPoint)`, which neither the task nor the prompt names"
        )
    }
}

extension String {
    /// Whether a name stands in the text with no further letter, digit or `_` beside it.
    func hasWord(_ name: String) -> Bool {
        split { !$0.isLetter && !$0.isNumber && $0 != "_" }.contains { $0 == name }
    }
}
