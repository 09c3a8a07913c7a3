/// Code in a form in which layout and comments do not matter, to tell whether two programs are one.
public enum CodeForm: Sendable {
    /// The lines of a program without blank ones, comments on lines of their own, and white space at line ends.
    ///
    /// Only what is a comment in that very language goes: `#define` of C stays, `#todo` of Python does not.
    ///
    /// - Parameters:
    ///   - code: The program.
    ///   - language: The language by its usual name (``CodeLanguage/name(of:)``).
    /// - Returns: The lines that say something.
    public static func lines(of code: String, language: String) -> [String] {
        let signs = commentSigns[language] ?? ["//"]
        return code.textLines.compactMap { line in
            guard let end = line.lastIndex(where: { !$0.isWhitespace }) else { return nil }
            let visible = line[...end]
            let start = visible.drop(while: \.isWhitespace)
            return signs.contains { start.hasPrefix($0) } ? nil : String(visible)
        }
    }

    /// What opens a comment that runs to the line's end, where that is not `//`.
    private static let commentSigns: [String: [String]] = {
        var signs: [String: [String]] = [
            "php": ["//", "#"], "lua": ["--"], "sql": ["--"], "haskell": ["--"],
        ]
        for name in [
            "python", "bash", "ruby", "perl", "r", "julia", "elixir", "powershell", "yaml", "toml", "make",
        ] {
            signs[name] = ["#"]
        }
        return signs
    }()
}
