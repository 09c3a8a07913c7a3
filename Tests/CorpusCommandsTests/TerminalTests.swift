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

    @Test("A number comes with the noun that fits it")
    func nouns() {
        #expect(Amount.count(1, "call") == "1 call" && Amount.count(1234, "call") == "1,234 calls")
        #expect(Amount.count(0, "reply", "replies") == "0 replies")
        #expect(Amount.short(1, "token") == "1 token" && Amount.short(35_000, "token") == "35 k tokens")
    }

    @Test(
        "A terminal that only takes text is known by its TERM, and so is one that nobody names",
        arguments: [("dumb", true), ("", true), (nil, true), ("xterm", false)] as [(String?, Bool)]
    )
    func dumb(term: String?, isDumb: Bool) { #expect(Terminal.isDumb(term) == isDumb) }

    @Test("A run that is stopped at once says what is left and how to go on", arguments: [0, 1, 1200])
    func farewell(inFlight: Int) {
        let words = RunSession.farewell(inFlight: inFlight)

        #expect(words.hasSuffix("on the ledger: run the same command again to continue"))
        let lost =
            switch inFlight {
            case 0: "no call was in flight;"
            case 1: "1 call in flight is given up, and the next pass counts it as paid"
            default: "1,200 calls in flight are given up, and the next pass counts them as paid"
            }
        #expect(words.contains(lost), "\(words)")
    }

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
