import CorpusKit
import CorpusModel

/// A template with `1️⃣` where a fault is expected.
struct MarkedTemplate {
    /// The template without the mark.
    let text: String
    /// Line and column of the mark, from 1; nil when there is none.
    let place: Place?

    struct Place: Hashable {
        let line: Int
        let column: Int
    }

    init(_ marked: String) {
        guard let mark = marked.firstIndex(of: "1️⃣") else {
            (text, place) = (marked, nil)
            return
        }
        let before = marked[..<mark].split(separator: "\n", omittingEmptySubsequences: false)
        place = Place(line: before.count, column: (before.last?.count ?? 0) + 1)
        text = marked.filter { $0 != "1️⃣" }
    }
}

extension PromptProblem {
    var place: MarkedTemplate.Place { MarkedTemplate.Place(line: line, column: column) }
}

extension PromptTemplate {
    /// Parses a text, with what it can include by name.
    init(_ text: String, variables: Set<String>? = nil, includes: [String: String] = [:]) throws {
        let file = PluginSetup.File(name: "prompt", path: "prompt.jinja", bytes: Array(text.utf8))
        try self.init(file: file, variables: variables) { name in
            guard let text = includes[name] else { throw ResourceProblem(name: name, "no such template") }
            return PluginSetup.File(name: name, path: name, bytes: Array(text.utf8))
        }
    }
}
