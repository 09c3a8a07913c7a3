/// A text that must never be seen: an endpoint's key.
///
/// However it is printed, described, reflected or interpolated, it reads `•••`.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The text itself, for the one header that carries it.
    let revealed: String

    /// Wraps a key; white space around it is dropped, as files and shells leave some.
    ///
    /// Nil when nothing is left, or when it holds what no HTTP header may: spaces, control characters or
    /// anything beyond ASCII.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let trimmed = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !trimmed.isEmpty, trimmed.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        revealed = String(decoding: Array(trimmed), as: UTF8.self)
    }

    /// Three dots.
    public var description: String { "•••" }
    /// Three dots.
    public var debugDescription: String { "•••" }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
