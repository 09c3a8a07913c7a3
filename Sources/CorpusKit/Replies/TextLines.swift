extension StringProtocol {
    /// The lines, with `\n` and `\r\n` between them, empty ones included.
    ///
    /// Splitting at `"\n"` alone would not see `\r\n`, which Swift takes for one character.
    package var textLines: [SubSequence] {
        split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }
}
