package import Testing

extension String {
    /// The text with one part changed wherever it stands; a test that changes what is not there would test nothing.
    package func edited(_ part: String, to new: String, sourceLocation: SourceLocation = #_sourceLocation)
        -> String
    {
        #expect(contains(part), "the text to change has no such part", sourceLocation: sourceLocation)
        return replacing(part, with: new)
    }
}
