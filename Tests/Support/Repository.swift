import Foundation

/// The checkout that the tests were built from.
public enum Repository: Sendable {
    /// Its absolute path.
    public static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
}
