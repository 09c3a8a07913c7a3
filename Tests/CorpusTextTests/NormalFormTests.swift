import CorpusText
import Testing

@Suite("Normal forms")
struct NormalFormTests {
    @Test(
        "Words are lower-cased, unified and split at white space and around ideographs",
        arguments: [
            ("", []), (" \t\n", []), ("Sort  the\tList\n", ["sort", "the", "list"]),
            ("don't(x)", ["don't(x)"]), ("ＦＵＬＬ Ⅳ ﬁx", ["full", "iv", "fix"]),
            ("写一个sort函数", ["写", "一", "个", "sort", "函", "数"]), ("カナ한국x", ["カ", "ナ", "한", "국", "x"]),
            ("ｶﾞ", ["ガ"]), ("a\u{3000}b\u{A0}c", ["a", "b", "c"]), ("naïve NAI\u{308}VE", ["naïve", "naïve"]),
            ("𠀀x", ["𠀀", "x"]), ("İ", ["i̇"]), ("Ünï-code", ["ünï-code"]),
        ]
    )
    func words(text: String, expected: [String]) {
        #expect(NormalForm.words(text) == expected)
    }

    @Test(
        "White space of every kind goes and letters keep their case",
        arguments: [
            ("", ""), (" a\tB\r\n c ", "aBc"), ("a\u{3000}b\u{2028}c\u{A0}", "abc"), ("１ ２", "12"),
            ("e\u{301} é", "éé"),
        ]
    )
    func whitespaceFree(text: String, expected: String) {
        #expect(NormalForm.whitespaceFree(text) == expected)
    }

    @Test(
        "A normal form is its own normal form",
        arguments: ["Hello Wörld", "ＡＢ 写ｘ", "İI ſt ẞ", "\u{1F1E6}\u{200D}x"]
    )
    func idempotent(text: String) {
        let words = NormalForm.words(text)
        #expect(NormalForm.words(words.joined(separator: " ")) == words)
        let free = NormalForm.whitespaceFree(text)
        #expect(NormalForm.whitespaceFree(free) == free)
    }

    @Test("ASCII text gives the same words on its fast way as on the general one")
    func fastWay() {
        let text = String(decoding: (0..<128).map { UInt8($0) }, as: UTF8.self)

        // A word outside ASCII sends the text the general way.
        #expect(NormalForm.words(text + " é") == NormalForm.words(text) + ["é"])
        #expect(NormalForm.whitespaceFree(text + "é") == NormalForm.whitespaceFree(text) + "é")
    }
}
