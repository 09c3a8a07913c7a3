import CorpusKit

/// A name from a program that a problem speaks of without showing it: whoever reads the problem alone cannot answer it.
enum UnseenName {
    /// The first such name, or nil.
    ///
    /// A name counts when it is written like one of a program, `load_rows` or `SessionCache`, and stands in no code block
    /// of the problem. What the solution has too is defined there, imported, or asked for.
    ///
    /// - Parameters:
    ///   - problem: The problem.
    ///   - solution: The code of its solution.
    /// - Returns: The name.
    static func first(in problem: String, solution: String) -> String? {
        let shown = CodeBlock.all(in: problem).map(\.code).joined(separator: "\n") + "\n" + solution
        let known = Set(shown.matches(of: /[A-Za-z_]\w*/).map { String($0.output) })
        return problem.withoutCode.matches(of: /\b(?:[A-Za-z]+_\w*|[A-Z]?[a-z]+(?:[A-Z][a-z]+)+)\b/)
            .map { String($0.output) }.first { !known.contains($0) && !brands.contains($0) }
    }

    /// Names of things in the world that are written like names in a program.
    private static let brands: Set<String> = [
        "JavaScript", "TypeScript", "GitHub", "GitLab", "YouTube", "LinkedIn", "PostgreSQL", "MySQL",
        "OpenAI",
        "WordPress", "PowerPoint", "PayPal", "iPhone", "macOS", "eBay", "LaTeX", "MongoDB", "McDonald",
    ]
}
