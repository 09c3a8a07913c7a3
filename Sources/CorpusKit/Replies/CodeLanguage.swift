/// The usual names of programming languages.
public enum CodeLanguage: Sendable {
    /// The usual name of a language, for example `python` for `py` and `Python3`.
    ///
    /// An unknown name comes back in lower case.
    public static func name(of alias: some StringProtocol) -> String {
        let lowered = alias.lowercased()
        return aliases[lowered] ?? lowered
    }

    /// How a person writes the language's name: `Python`, `C++`.
    public static func title(of name: String) -> String {
        titles[name] ?? name.prefix(1).uppercased() + name.dropFirst()
    }

    /// The language in a fence's info string: its first word, also in the forms `{.python}` and `python:main.py`.
    static func name(ofInfo info: Substring) -> String? {
        let word = info.drop { $0.isWhitespace || $0 == "{" || $0 == "." }
            .prefix { !$0.isWhitespace && $0 != "}" && $0 != ":" && $0 != "," && $0 != "{" }
        return word.isEmpty ? nil : name(of: word)
    }

    private static let aliases = [
        "py": "python", "python3": "python", "python2": "python", "py3": "python", "ipython": "python",
        "js": "javascript", "node": "javascript", "nodejs": "javascript", "mjs": "javascript",
        "jsx": "javascript",
        "ts": "typescript", "tsx": "typescript", "c++": "cpp", "cxx": "cpp", "cc": "cpp", "hpp": "cpp",
        "h": "c",
        "c#": "csharp", "cs": "csharp", "f#": "fsharp", "fs": "fsharp", "golang": "go", "rs": "rust",
        "rb": "ruby",
        "sh": "bash", "shell": "bash", "zsh": "bash", "console": "bash", "shell-session": "bash",
        "kt": "kotlin",
        "kts": "kotlin", "hs": "haskell", "ml": "ocaml", "pl": "perl", "ps1": "powershell",
        "pwsh": "powershell",
        "objective-c": "objc", "objectivec": "objc", "jl": "julia", "ex": "elixir", "exs": "elixir",
        "erl": "erlang", "clj": "clojure", "scm": "scheme", "yml": "yaml", "md": "markdown",
        "postgresql": "sql",
        "mysql": "sql", "sqlite": "sql", "sqlite3": "sql", "jsonc": "json", "json5": "json", "txt": "text",
        "plaintext": "text", "plain": "text",
    ]

    private static let titles = [
        "javascript": "JavaScript", "typescript": "TypeScript", "cpp": "C++", "csharp": "C#", "fsharp": "F#",
        "php": "PHP", "sql": "SQL", "ocaml": "OCaml", "objc": "Objective-C", "powershell": "PowerShell",
    ]
}
