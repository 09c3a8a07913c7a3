/// What cutting snippets needs to know about a programming language: how its text looks, not what it means.
struct SourceLanguage: Sendable {
    /// How a definition's extent shows.
    enum Blocks: Sendable {
        /// By indentation; a line at the definition's own indentation may close it (`end`).
        case indentation(closer: String?)
        /// By balanced braces.
        case braces
        /// Not at all: blank lines separate blocks.
        case paragraphs
    }

    /// What `'` opens.
    enum Apostrophe: Sendable {
        case text, character, nothing
    }

    let name: String
    let extensions: [String]
    let blocks: Blocks
    let lineComment: String
    let hasBlockComments: Bool
    let apostrophe: Apostrophe
    let hasTripleQuotes: Bool
    let hasBackquotes: Bool
    /// Words that start a definition, after modifiers.
    let definitions: Set<String>

    private init(
        _ name: String,
        _ extensions: [String],
        _ blocks: Blocks,
        comment: String,
        block: Bool = false,
        apostrophe: Apostrophe = .text,
        triple: Bool = false,
        backquotes: Bool = false,
        starts definitions: String
    ) {
        self.name = name
        self.extensions = extensions
        self.blocks = blocks
        lineComment = comment
        hasBlockComments = block
        self.apostrophe = apostrophe
        hasTripleQuotes = triple
        hasBackquotes = backquotes
        self.definitions = Set(definitions.split(separator: " ").map(String.init))
    }

    private static func braces(
        _ name: String,
        _ extensions: [String],
        apostrophe: Apostrophe = .character,
        triple: Bool = false,
        backquotes: Bool = false,
        starts definitions: String
    ) -> SourceLanguage {
        SourceLanguage(
            name,
            extensions,
            .braces,
            comment: "//",
            block: true,
            apostrophe: apostrophe,
            triple: triple,
            backquotes: backquotes,
            starts: definitions
        )
    }

    /// The language of a file, told by its name.
    static func named(by path: String) -> SourceLanguage? {
        guard let name = path.split(separator: "/").last, let dot = name.lastIndex(of: "."),
            dot != name.startIndex
        else { return nil }
        return byExtension[name[name.index(after: dot)...].lowercased()]
    }

    private static let byExtension: [String: SourceLanguage] = Dictionary(
        all.flatMap { language in language.extensions.map { ($0, language) } },
        uniquingKeysWith: { first, _ in first }
    )

    /// Every language, in no order that matters.
    static let all: [SourceLanguage] = [
        SourceLanguage(
            "python",
            ["py", "pyi"],
            .indentation(closer: nil),
            comment: "#",
            triple: true,
            starts: "def class"
        ),
        SourceLanguage(
            "nim",
            ["nim"],
            .indentation(closer: nil),
            comment: "#",
            apostrophe: .character,
            triple: true,
            starts: "proc func method iterator template macro type"
        ),
        SourceLanguage("ruby", ["rb"], .indentation(closer: "end"), comment: "#", starts: "def class module"),
        SourceLanguage(
            "elixir",
            ["ex", "exs"],
            .indentation(closer: "end"),
            comment: "#",
            triple: true,
            starts: "def defp defmodule defmacro"
        ),
        SourceLanguage(
            "julia",
            ["jl"],
            .indentation(closer: "end"),
            comment: "#",
            apostrophe: .character,
            triple: true,
            starts: "function macro struct module"
        ),
        SourceLanguage("lua", ["lua"], .indentation(closer: "end"), comment: "--", starts: "function"),
        braces(
            "javascript",
            ["js", "mjs", "cjs", "jsx"],
            apostrophe: .text,
            backquotes: true,
            starts: "function class"
        ),
        braces(
            "typescript",
            ["ts", "mts", "cts", "tsx"],
            apostrophe: .text,
            backquotes: true,
            starts: "function class interface enum type"
        ),
        braces("java", ["java"], triple: true, starts: "class interface enum record"),
        braces("kotlin", ["kt", "kts"], triple: true, starts: "fun class interface object enum"),
        braces("scala", ["scala"], triple: true, starts: "def class object trait"),
        braces(
            "groovy",
            ["groovy"],
            apostrophe: .text,
            triple: true,
            starts: "def class interface enum trait"
        ),
        braces("go", ["go"], backquotes: true, starts: "func type"),
        braces("rust", ["rs"], starts: "fn struct enum trait impl macro_rules"),
        braces(
            "swift",
            ["swift"],
            apostrophe: .nothing,
            triple: true,
            starts: "func struct class enum protocol extension actor init"
        ),
        braces("c", ["c", "h"], starts: "struct enum union typedef"),
        braces(
            "cpp",
            ["cc", "cpp", "cxx", "hpp", "hh", "hxx"],
            starts: "struct class enum union typedef template"
        ),
        braces("objective-c", ["m", "mm"], starts: "struct enum typedef"),
        braces("csharp", ["cs"], triple: true, starts: "class struct interface enum record"),
        braces("dart", ["dart"], apostrophe: .text, triple: true, starts: "class mixin enum extension"),
        braces("zig", ["zig"], starts: "fn test"),
        braces("d", ["d"], backquotes: true, starts: "class struct interface enum union template unittest"),
        braces(
            "solidity",
            ["sol"],
            apostrophe: .text,
            starts: "function contract library interface struct modifier"
        ),
        braces("php", ["php"], apostrophe: .text, starts: "function class interface trait enum"),
        SourceLanguage("perl", ["pl", "pm"], .braces, comment: "#", starts: "sub"),
        SourceLanguage("r", ["r"], .braces, comment: "#", starts: "function"),
        SourceLanguage("shell", ["sh", "bash", "zsh"], .braces, comment: "#", starts: "function"),
        SourceLanguage("haskell", ["hs"], .paragraphs, comment: "--", apostrophe: .character, starts: ""),
        SourceLanguage("sql", ["sql"], .paragraphs, comment: "--", block: true, starts: ""),
        SourceLanguage("ocaml", ["ml"], .paragraphs, comment: "(*", apostrophe: .character, starts: ""),
        SourceLanguage(
            "fsharp",
            ["fs"],
            .paragraphs,
            comment: "//",
            apostrophe: .character,
            triple: true,
            starts: ""
        ),
        SourceLanguage(
            "clojure",
            ["clj", "cljs"],
            .paragraphs,
            comment: ";",
            apostrophe: .nothing,
            starts: ""
        ),
        SourceLanguage("erlang", ["erl"], .paragraphs, comment: "%", apostrophe: .text, starts: ""),
    ]
}
