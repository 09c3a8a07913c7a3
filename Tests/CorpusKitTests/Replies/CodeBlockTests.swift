import CorpusKit
import Testing

@Suite("Code blocks")
struct CodeBlockTests {
    @Test("A block has its language, code and line")
    func plain() {
        let blocks = CodeBlock.all(in: "Look:\n```Py\nx = 1\n\ny = 2\n```\ndone")

        #expect(blocks.map(\.language) == ["python"])
        #expect(blocks.map(\.code) == ["x = 1\n\ny = 2"])
        #expect(blocks.map(\.line) == [2])
        #expect(blocks.map(\.isTerminated) == [true])
    }

    @Test(
        "Fences of every kind are seen",
        arguments: [
            "~~~\nx\n~~~", "   ```\n   x\n   ```", "1. do\n    ~~~~\n    x\n    ~~~~~", "```\r\nx\r\n```",
            "`````\nx\n`````  ",
            "\t```\n\tx\n```",
        ]
    )
    func kinds(text: String) {
        #expect(CodeBlock.all(in: text).map(\.code) == ["x"])
    }

    @Test(
        "What is no fence opens nothing",
        arguments: ["``\nx\n``", "text ```\nx", "```x```", "``` a `b` ```\nx", ""]
    )
    func noFence(text: String) {
        #expect(CodeBlock.all(in: text).isEmpty)
    }

    @Test("A shorter or different fence does not close a block")
    func nested() {
        let blocks = CodeBlock.all(in: "````md\n```\ninner\n```\n~~~~\n````\n")

        #expect(blocks.map(\.code) == ["```\ninner\n```\n~~~~"])
    }

    @Test(
        "A block that the end cuts off says so",
        arguments: ["```python\nx = 1", "```python\nx = 1\n``", "~~~ python\nx = 1"]
    )
    func unterminated(text: String) {
        let blocks = CodeBlock.all(in: text)

        #expect(blocks.map(\.isTerminated) == [false])
        #expect(CodeBlock.answer(in: text, language: "python") == nil)
    }

    @Test("Indentation of the fence is taken from its lines, and no more")
    func indentation() {
        let blocks = CodeBlock.all(in: "  ```\n  if x:\n      y\n z\n  ```")

        #expect(blocks.map(\.code) == ["if x:\n    y\nz"])
    }

    @Test(
        "Info strings name their language by its usual name",
        arguments: [
            ("py", "python"), ("Python3", "python"), ("c++", "cpp"), ("C#", "csharp"),
            ("js title=\"a\"", "javascript"),
            ("{.ruby .numberLines}", "ruby"), ("python:main.py", "python"), ("rust,ignore", "rust"),
            ("zig", "zig"),
            (" ", nil), ("", nil),
        ]
    )
    func languages(info: String, name: String?) {
        #expect(CodeBlock.all(in: "```\(info)\nx\n```").map(\.language) == [name])
    }

    @Test("The answer is the first whole block in the language, else one that names none")
    func answer() {
        let text =
            "```bash\npip\n```\n```\nplain\n```\n```py\n\n```\n```python\nfirst\n```\n```python\nsecond\n```"

        #expect(CodeBlock.answer(in: text, language: "python")?.code == "first")
        #expect(CodeBlock.answer(in: text, language: "rust")?.code == "plain")
        #expect(CodeBlock.answer(in: "```bash\npip\n```", language: "python") == nil)
    }

    @Test("Code of any kind survives being fenced", arguments: 0..<200)
    func roundTrip(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["fence"])
        let pieces = ["x = 1", "", "```", "~~~", "    ````python", "`a`", "  tail", "\u{1F642}", "`````"]
        let code = (["first"] + (0..<random.below(8)).map { _ in pieces[random.below(pieces.count)] })
            .joined(separator: "\n")

        let blocks = CodeBlock.all(in: "Text\n\n" + CodeBlock.fenced(code, language: "python") + "\n\nMore")

        #expect(blocks.map(\.code) == [code])
        #expect(blocks.map(\.language) == ["python"])
    }

    @Test(
        "People read the language's own spelling",
        arguments: [("python", "Python"), ("cpp", "C++"), ("zig", "Zig")]
    )
    func titles(name: String, title: String) {
        #expect(CodeLanguage.title(of: name) == title)
    }
}
