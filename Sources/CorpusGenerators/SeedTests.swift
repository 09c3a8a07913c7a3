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
