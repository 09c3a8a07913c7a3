import Foundation

extension String {
    /// The text in Unicode's form NFKC.
    ///
    /// Foundation's compatibility mapping leaves marks uncomposed whose base only came out of the mapping (half-width
    /// kana with a voicing mark), so that the canonical one must follow.
    package var normalisedNFKC: String {
        precomposedStringWithCompatibilityMapping.precomposedStringWithCanonicalMapping
    }
}
