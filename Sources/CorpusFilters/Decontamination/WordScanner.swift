import CorpusKit

/// Cuts a text into words and hashes each of them.
///
/// A word is a maximal run of letters and digits, letters lower-cased. `_` and punctuation separate. A CJK
/// character is a word of its own. What is not ASCII is brought to Unicode's form NFKC first.
///
/// The hashes go into packs that outlive a program version: whatever changes them raises ``version``.
enum WordScanner {
    /// The version of the rules above and of the hashes; part of every pack.
    static let version: UInt32 = 1

    /// Appends the words of a text, which the list has begun.
    ///
    /// Eight bytes are looked at together: their word bytes become the high bits of a mask, and the zeros at its
    /// end count how many there are. The lengths of words cannot be guessed, so a loop over bytes would spend
    /// most of its time on mispredicted branches.
    static func scan(_ bytes: Span<UInt8>, into words: inout WordList) {
        let count = bytes.count
        var index = 0
        var lineStart = true
        while index < count {
            let block = load(bytes, at: index)
            let gap = wordBytes(block).trailingZeroBitCount / 8
            if hasNewline(block, before: gap) { lineStart = true }
            guard gap < 8 else {
                index += 8
                continue
            }
            index += gap
            let start = index
            var hash = WordHash()
            var rest = load(bytes, at: index)
            var seen: UInt64 = 0
            var length = (~wordBytes(rest) & highBits).trailingZeroBitCount / 8
            while length == 8 {
                seen |= rest
                hash.add(rest | lowerCase)
                index += 8
                rest = load(bytes, at: index)
                length = (~wordBytes(rest) & highBits).trailingZeroBitCount / 8
            }
            let mask: UInt64 = 1 &<< UInt64(length * 8) &- 1
            seen |= rest & mask
            index += length
            guard seen & highBits == 0 else {
                if scanForeign(bytes, start..<index, lineStart: lineStart, into: &words) { lineStart = false }
                continue
            }
            var flags: WordList.Flags = bytes[start] >= 0x41 ? .letter : []
            if lineStart { flags.insert(.lineStart) }
            lineStart = false
            // Bit 5 lower-cases letters and is set in digits anyway.
            let value = hash.value(endingWith: (rest | lowerCase) & mask, length: length)
            words.append(WordList.Word(hash: value, start: start, end: index, flags: flags))
        }
    }

    private static let highBits: UInt64 = 0x8080_8080_8080_8080
    private static let lowBits: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    private static let lowerCase: UInt64 = 0x2020_2020_2020_2020
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// Eight bytes from `index`, the first lowest; zeros, which separate, beyond the end.
    @inline(__always)
    private static func load(_ bytes: Span<UInt8>, at index: Int) -> UInt64 {
        if index &+ 8 <= bytes.count {
            let raw = unsafe bytes.bytes
            // The line above has checked the bounds.
            return unsafe raw.unsafeLoadUnaligned(
                fromUncheckedByteOffset: index,
                as: UInt64.self
            ).littleEndian
        }
        var result: UInt64 = 0
        for place in index..<max(index, bytes.count) {
            result |= UInt64(bytes[place]) << UInt64((place - index) * 8)
        }
        return result
    }

    /// The high bit of every byte that is an ASCII letter or digit, or part of a character beyond ASCII.
    @inline(__always)
    private static func wordBytes(_ block: UInt64) -> UInt64 {
        let low = block & lowBits
        let letters = low | lowerCase
        // Adding what is missing to 0x80 carries into the high bit from there on; no carry leaves a byte.
        let isLetter = (letters &+ ones &* 0x1F) & ~(letters &+ ones &* 0x05)
        let isDigit = (low &+ ones &* 0x50) & ~(low &+ ones &* 0x46)
        return (isLetter | isDigit | block) & highBits
    }

    /// Whether one of the first `count` bytes is a line feed.
    @inline(__always)
    private static func hasNewline(_ block: UInt64, before count: Int) -> Bool {
        let other = block ^ (ones &* 0x0A)
        // High bits of zero bytes; bytes above the first zero may be wrong, which the lowest one settles.
        let zeros = (other &- ones) & ~other & highBits
        return zeros.trailingZeroBitCount / 8 < count
    }

    /// The slow path for a run that holds characters beyond ASCII; answers whether it gave a word.
    @inline(never)
    private static func scanForeign(
        _ bytes: Span<UInt8>,
        _ run: Range<Int>,
        lineStart: Bool,
        into words: inout WordList
    ) -> Bool {
        let before = words.count
        var pieces = ForeignRun(start: run.lowerBound, lineStart: lineStart)
        for scalar in String(decoding: run.map { bytes[$0] }, as: UTF8.self).unicodeScalars {
            pieces.take(scalar, into: &words)
        }
        pieces.flush(into: &words)
        return words.count > before
    }
}

/// The 64-bit hash of one word, mixed eight bytes at a time.
///
/// Our own rather than Swift's `Hasher`, which differs from run to run.
struct WordHash {
    private var state: UInt64 = 0x8D3F_29A1_6C55_E0B7

    /// Adds eight bytes, the first lowest.
    @inline(__always)
    mutating func add(_ block: UInt64) {
        state = (state ^ block) &* 0x9FB2_1C65_1E98_DF25
        state ^= state >> 29
    }

    /// The hash of what was added and up to seven bytes more, with zeros above them.
    @inline(__always)
    func value(endingWith rest: UInt64, length: Int) -> UInt64 {
        // The length tells words apart that differ in trailing zero bytes only.
        mixed((state ^ rest) &* 0x9FB2_1C65_1E98_DF25 &+ UInt64(length))
    }

    /// The hash of a word in lower case.
    static func hash(of word: some Sequence<UInt8>) -> UInt64 {
        var hash = WordHash()
        var (block, length): (UInt64, Int) = (0, 0)
        for byte in word {
            block |= UInt64(byte) << UInt64(length * 8)
            length += 1
            if length == 8 {
                hash.add(block)
                (block, length) = (0, 0)
            }
        }
        return hash.value(endingWith: block, length: length)
    }
}

/// Spreads every bit of a number over all 64 (the finalizer of SplitMix64).
@inline(__always)
func mixed(_ value: UInt64) -> UInt64 {
    var result = value
    result = (result ^ (result >> 30)) &* 0xBF58_476D_1CE4_E5B9
    result = (result ^ (result >> 27)) &* 0x94D0_49BB_1331_11EB
    return result ^ (result >> 31)
}

/// Collects the characters of a run that reaches beyond ASCII into pieces that are normalised together.
private struct ForeignRun {
    private var piece = String.UnicodeScalarView()
    private var isIdeograph = false
    private var pieceStart: Int
    private var position: Int
    private var lineStart: Bool

    init(start: Int, lineStart: Bool) {
        pieceStart = start
        position = start
        self.lineStart = lineStart
    }

    mutating func take(_ scalar: Unicode.Scalar, into words: inout WordList) {
        let width = UTF8.width(scalar)
        defer { position += width }
        if scalar.isIgnorable { return }
        if scalar == Unicode.Scalar.zeroWidthSpace {
            flush(into: &words)
            return
        }
        if scalar.isMark, !piece.isEmpty {
            piece.append(scalar)
            return
        }
        let startsIdeograph = scalar.isIdeograph
        if startsIdeograph || isIdeograph { flush(into: &words) }
        if piece.isEmpty { pieceStart = position }
        isIdeograph = startsIdeograph
        piece.append(scalar)
    }

    /// Appends the words of what was collected.
    mutating func flush(into words: inout WordList) {
        guard let first = piece.first else { return }
        if isIdeograph, piece.count == 1, first.isStable {
            append([first], into: &words)
        } else {
            let normal = String(piece).normalisedNFKC.lowercased()
            var word: [Unicode.Scalar] = []
            for scalar in normal.unicodeScalars where !scalar.isIgnorable {
                if scalar.isIdeograph {
                    append(word, into: &words)
                    append([scalar], into: &words)
                    word = []
                } else if scalar.isWordPart {
                    word.append(scalar)
                } else {
                    append(word, into: &words)
                    word = []
                }
            }
            append(word, into: &words)
        }
        piece = String.UnicodeScalarView()
        isIdeograph = false
    }

    private mutating func append(_ word: [Unicode.Scalar], into words: inout WordList) {
        guard let first = word.first else { return }
        let hash = WordHash.hash(of: word.flatMap { UTF8.encode($0) ?? UTF8.encodedReplacementCharacter })
        var flags: WordList.Flags = first.isNumber ? [] : .letter
        if word.count == 1, first.isIdeograph { flags.insert(.ideograph) }
        if lineStart { flags.insert(.lineStart) }
        lineStart = false
        words.append(WordList.Word(hash: hash, start: pieceStart, end: position, flags: flags))
    }
}

extension Unicode.Scalar {
    /// Ideographs, kana and Hangul syllables: scripts that write no spaces, or syllables that stand for words.
    fileprivate var isIdeograph: Bool {
        switch value {
        case 0x3005, 0x3007, 0x3041...0x3096, 0x309D...0x309F, 0x30A1...0x30FA, 0x30FD...0x30FF,
            0x31F0...0x31FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFF66...0xFF9D,
            0x20000...0x3FFFF:
            true
        default: false
        }
    }

    /// Whether NFKC leaves a lone ideograph as it is.
    fileprivate var isStable: Bool {
        switch value {
        case 0x3041...0x3096, 0x30A1...0x30FA, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3: true
        default: false
        }
    }

    /// Combining marks, and the half-width voicing signs that act as such.
    fileprivate var isMark: Bool {
        if value == 0xFF9E || value == 0xFF9F { return true }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }

    /// U+200B: unseen, but a place where a line may break, so it parts words.
    fileprivate static let zeroWidthSpace: Unicode.Scalar = "\u{200B}"

    /// Invisible characters that neither belong to a word nor end it: soft hyphens, joiners, byte order marks,
    /// variation selectors.
    fileprivate var isIgnorable: Bool {
        switch value {
        case 0xFE00...0xFE0F, 0xE0100...0xE01EF: true
        case Self.zeroWidthSpace.value: false
        default: properties.generalCategory == .format
        }
    }

    fileprivate var isNumber: Bool {
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }

    fileprivate var isWordPart: Bool { properties.isAlphabetic || isNumber || isMark }
}
