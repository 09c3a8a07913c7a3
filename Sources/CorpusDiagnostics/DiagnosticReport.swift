/// All faults that one check found, in the order of their places.
package struct DiagnosticReport: Error, Sendable, Hashable {
    /// The faults, sorted by file and place.
    package let diagnostics: [Diagnostic]
    /// The texts of the files that the faults point into.
    package let sources: [String: String]

    package init(_ diagnostics: [Diagnostic], sources: [String: String]) {
        self.diagnostics = diagnostics.enumerated().sorted { left, right in
            let (a, b) = (left.element.location, right.element.location)
            return (a?.file ?? "", a?.line ?? 0, a?.column ?? 0, left.offset)
                < (b?.file ?? "", b?.line ?? 0, b?.column ?? 0, right.offset)
        }.map(\.element)
        self.sources = sources
    }

    /// How many faults forbid a run.
    package var errorCount: Int { diagnostics.count { $0.severity == .error } }

    /// Every fault with its line and caret, then one line that sums up.
    ///
    /// - Parameter ending: What did not happen because of the faults.
    /// - Returns: Several lines without a final newline.
    package func rendered(ending: String = "nothing was called and nothing was written") -> String {
        var blocks = diagnostics.map { fault in
            fault.rendered(with: fault.location.flatMap { sources[$0.file] })
        }
        if errorCount > 0 {
            blocks.append("\(errorCount) \(errorCount == 1 ? "fault" : "faults"); \(ending)")
        }
        return blocks.joined(separator: "\n\n")
    }
}
