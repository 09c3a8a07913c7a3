import Foundation

/// Forms of a text in which what does not matter for comparing is gone.
///
/// Compatibility characters are unified first (NFKC): full-width letters, ligatures and ideographs that have two
/// code points compare equal.
package enum NormalForm {
    /// The text without any white space; equal for texts that differ in layout alone.
    package static func whitespaceFree(_ text: String) -> String {
        guard !isASCII(text) else {
            return String(decoding: text.utf8.filter { !isASCIISpace($0) }, as: UTF8.self)
        }
        var result = String.UnicodeScalarView()
        for scalar in compatible(text).unicodeScalars where !scalar.properties.isWhitespace {
            result.append(scalar)
        }
        return String(result)
    }

    /// The words in lower case: runs without white space, and every ideograph, kana and hangul syllable by itself.
    ///
    /// Chinese and Japanese put no spaces between words; without the second rule a sentence would be one word.
    package static func words(_ text: String) -> [String] {
        guard !isASCII(text) else {
            return text.utf8.split(whereSeparator: isASCIISpace)
                .map { String(decoding: $0.map(lowered), as: UTF8.self) }
        }
        var result: [String] = []
        var word = String.UnicodeScalarView()
        // Lower case can undo the normal form (`İ`), so it is taken again.
        for scalar in compatible(compatible(text).lowercased()).unicodeScalars {
            let isAlone = standsAlone(scalar)
            if isAlone || scalar.properties.isWhitespace {
                if !word.isEmpty { result.append(String(word)) }
                word = String.UnicodeScalarView()
            }
            if isAlone {
                result.append(String(Character(scalar)))
            } else if !scalar.properties.isWhitespace {
                word.append(scalar)
            }
        }
        if !word.isEmpty { result.append(String(word)) }
        return result
    }

    /// Whether a character is a word by itself: CJK ideographs, kana and hangul syllables.
    private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3040...0x30FF, 0x31F0...0x31FF: true  // hiragana, katakana
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF: true  // ideographs
        case 0x20000...0x3FFFF: true  // ideographs of the supplementary planes
        case 0xAC00...0xD7A3: true  // hangul syllables
        default: false
        }
    }

    private static func compatible(_ text: String) -> String {
        text.precomposedStringWithCompatibilityMapping
    }

    private static func isASCII(_ text: String) -> Bool { text.utf8.allSatisfy { $0 < 0x80 } }

    private static func isASCIISpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
}
