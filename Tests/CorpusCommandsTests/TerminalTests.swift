import CorpusKit
import Testing

@testable import CorpusCommands

@Suite("Text for a terminal")
struct TerminalTests {
    @Test(
        "Control characters are shown and never sent; everything else stays",
        arguments: [
            ("plain", "plain"), ("a\tb\nc", "a\tb\nc"), ("a\r\nb", "a\nb"), ("\u{1B}[2J", "�[2J"),
            ("a\rb", "a�b"), ("\u{9B}2J", "�2J"), ("\u{0}\u{7F}\u{8}", "���"),
            ("safe\u{202E}txt.exe", "safe�txt.exe"), ("ä 🧪 – é", "ä 🧪 – é"), ("👩‍🔬 e\u{301}", "👩‍🔬 e\u{301}"),
        ]
    )
    func shown(text: String, shown: String) { #expect(text.shown == shown) }

    @Test("JSON keeps its value and holds no character that a terminal obeys")
    func json() throws {
        let value: JSONValue = ["text": "\u{1B}[2J\u{9B}2J\u{7F}\u{202E}ä\n"]
        let text = value.forTerminal

        #expect(
            text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value < 127 || $0 == "\n" || $0 == "ä" }
        )
        #expect(try JSONValue(parsing: text) == value)
    }
}
