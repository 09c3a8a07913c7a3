import Foundation
import TestSupport
import Testing

@Suite("Codes that stop a run")
struct StopCodesTests {
    @Test("The page of reason codes names every code that stops a run, and no other")
    func page() throws {
        var sources: [String] = []
        let root = Repository.path + "/Sources"
        for name in try FileManager.default.subpathsOfDirectory(atPath: root) where name.hasSuffix(".swift") {
            sources.append(try String(contentsOfFile: root + "/" + name, encoding: .utf8))
        }
        let page = try String(
            contentsOfFile: Repository.path + "/docs/reference/reason-codes.md",
            encoding: .utf8
        )
        let section = try #require(page.components(separatedBy: "\n## Stopped\n").last)
        let told = section.matches(of: /\n\| `([a-z-]+)` \|/).map { String($0.1) }

        #expect(Set(told) == Self.codes(in: sources))
        #expect(told == told.sorted())
    }

    /// The codes of all failures that are made with `stopsRun: true`.
    private static func codes(in sources: [String]) -> Set<String> {
        var names: [Substring: Substring] = [:]
        for source in sources {
            for match in source.matches(of: /static let (\w+): ReasonCode = "([a-z-]+)"/) {
                names[match.1] = match.2
            }
        }
        var codes: Set<String> = []
        for source in sources {
            for end in source.ranges(of: "stopsRun: true") {
                let before = source[..<end.lowerBound]
                let starts = ["WorkFailure(", "CallFailure(", "self.init("].compactMap {
                    before.ranges(of: $0).last?.upperBound
                }
                guard let start = starts.max() else { continue }
                let words = before[start...].matches(of: /"([a-z]+(?:-[a-z]+)*)",|[\s(]\.(\w+),/)
                let code = words.lazy.compactMap { $0.1 ?? $0.2.flatMap { names[$0] } }.first
                if let code { codes.insert(String(code)) }
            }
        }
        return codes
    }
}
