import Foundation
import TestSupport
import Testing

@testable import CorpusCommands

@Suite("Reason codes")
struct ReasonCodesTests {
    @Test("The program knows every code that the page of reason codes lists")
    func page() throws {
        let page = try String(
            contentsOfFile: Repository.path + "/docs/reference/reason-codes.md",
            encoding: .utf8
        )
        // What stops a run is no candidate's end.
        let ends = page.components(separatedBy: "\n## Stopped\n")[0]
        let listed = ends.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { line in
            line.split(separator: "`").dropFirst().first.map(String.init)
        }

        #expect(listed.count > 50)
        #expect(Set(listed).subtracting(ReasonCodes.known) == [])
    }
}
