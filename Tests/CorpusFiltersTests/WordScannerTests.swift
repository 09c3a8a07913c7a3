import CorpusKit
import Testing

@testable import CorpusFilters

@Suite("Words")
struct WordScannerTests {
    private func words(_ text: String) -> WordList {
        var list = WordList()
        list.begin(text: 0)
        WordScanner.scan(text.utf8.span, into: &list)
        return list
    }

    private func hashes(_ words: [String]) -> [UInt64] { words.map { WordHash.hash(of: $0.utf8) } }

    @Test(
        "A text is cut into lower-case runs of letters and digits",
        arguments: [
            ("", []), (" \n_-", []), ("Hello, World2!", ["hello", "world2"]),
            ("snake_case", ["snake", "case"]),
            ("a.b(c)[d]", ["a", "b", "c", "d"]), ("x", ["x"]), ("exactly8 sevenly", ["exactly8", "sevenly"]),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", ["abcdefghijklmnopqrstuvwxyz0123456789"]),
            ("@`[{/:", []), ("1,2", ["1", "2"]),
        ] as [(String, [String])]
    )
    func ascii(text: String, expected: [String]) {
        #expect(words(text).words.map(\.hash) == hashes(expected))
    }

    @Test(
        "What is not ASCII is brought to one form",
        arguments: [
            ("Ｆｕｌｌ　ｗｉｄｔｈ", ["full", "width"]), ("cafe\u{301}", ["café"]), ("CAFÉ", ["café"]),
            ("ﬁnd", ["find"]),
            ("so\u{AD}ft", ["soft"]), ("one\u{200B}two", ["one", "two"]),
            ("\u{200B}a\u{200B}\u{200B}b c\u{200B}", ["a", "b", "c"]), ("wo\u{2060}rd", ["word"]),
 ("\u{FEFF}start", ["start"]),
            ("it’s — “quoted”…", ["it", "s", "quoted"]),
            ("排序，列表", ["排", "序", "列", "表"]), ("用Python写", ["用", "python", "写"]), ("か\u{3099}", ["が"]),
            ("ｶﾞ", ["ガ"]), ("한국", ["한", "국"]), ("naïve—test", ["naïve", "test"]), ("10µs", ["10μs"]),
        ] as [(String, [String])]
    )
    func foreign(text: String, expected: [String]) {
        #expect(words(text).words.map(\.hash) == hashes(expected))
    }

    @Test("Any text of ASCII agrees with a scan byte by byte", arguments: 0..<40)
    func oracle(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["ascii"])
        let alphabet = Array("abzAZ019 _\n\n.,/:@[`{ghijkl\0\u{7F}".utf8)
        let bytes = (0..<random.below(200)).map { _ in alphabet[random.below(alphabet.count)] }
        let text = String(decoding: bytes, as: UTF8.self)

        var expected: [(word: [UInt8], start: Int, line: Bool)] = []
        var current: [UInt8] = []
        var line = true
        for (index, byte) in (bytes + [0x20]).enumerated() {
            let isWord =
                byte < 0x80 && Character(Unicode.Scalar(byte)).isLetter || (0x30...0x39).contains(byte)
            if isWord {
                current.append((0x41...0x5A).contains(byte) ? byte + 32 : byte)
                continue
            }
            if !current.isEmpty {
                expected.append((current, index - current.count, line))
                current = []
                line = false
            }
            if byte == 0x0A { line = true }
        }
        let found = words(text).words

        #expect(found.map(\.hash) == expected.map { WordHash.hash(of: $0.word) })
        #expect(found.map { Int($0.start) } == expected.map(\.start))
        #expect(found.map(\.end) == expected.map { $0.start + $0.word.count })
        #expect(found.map { $0.flags.contains(.lineStart) } == expected.map(\.line))
        #expect(found.map { $0.flags.contains(.letter) } == expected.map { $0.word[0] >= 0x61 })
    }

    @Test("Layout, case and punctuation leave the words as they are")
    func invariance() {
        let plain = "def f(a, b):\n    return a + b"
        let other = "DEF  f ( a,b ) :\r\n\treturn a+b;"
        #expect(words(plain).words.map(\.hash) == words(other).words.map(\.hash))
        #expect(words(plain).words.map(\.hash) != words("def f(b, a): return a + b").words.map(\.hash))
    }

    @Test("Lines are ranges of words; blank ones are none")
    func lines() {
        #expect(words("one two\n\n  three\nfour five").lines == [0..<2, 2..<3, 3..<5])
        #expect(words("").lines.isEmpty)
        #expect(words("排序\nthree").lines == [0..<2, 2..<3])
    }

    // Packs that exist hold these: whoever changes them must raise the version of the normaliser.
    @Test("The hashes are those of version 1")
    func golden() {
        #expect(WordScanner.version == 1)
        #expect(words("benchmark").words.map(\.hash) == [goldenWord])
        let list = words("one two three four five six seven eight")
        #expect(RuleKind.word8.key(WindowHashes(list.words).hash(from: 0, count: 8)) == goldenWindow)
    }

    private let goldenWord: UInt64 = 10_644_381_428_157_842_797
    private let goldenWindow: UInt64 = 27_455_250_564_344
}

@Suite("Window hashes")
struct WindowHashesTests {
    @Test("Every window hashes as the sum over its elements does", arguments: 0..<10)
    func oracle(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["windows"])
        let elements = (0..<50).map { _ in random.next() }
        let windows = WindowHashes(elements)
        for count in [1, 5, 8, 13, 32, 33, 50] {
            for start in 0...(50 - count) {
                let fresh = WindowHashes(Array(elements[start..<start + count]))
                #expect(windows.hash(from: start, count: count) == fresh.hash(from: 0, count: count))
            }
        }
    }

    @Test("Order and content both count")
    func order() {
        let hash = { (elements: [UInt64]) in WindowHashes(elements).hash(from: 0, count: elements.count) }
        #expect(hash([1, 2, 3]) != hash([3, 2, 1]))
        #expect(hash([1, 2, 3]) != hash([1, 2, 4]))
    }

    @Test("Keys have 48 bits and differ from rule to rule")
    func keys() {
        let keys = RuleKind.allCases.map { $0.key(42) } + [RuleKind.shortAnchor.wholeKey(42)]
        #expect(Set(keys).count == keys.count)
        #expect(keys.allSatisfy { $0 < 1 << 48 })
    }
}
