import Synchronization

/// Hands on the lines of a body while it comes, so that no more than one of them is kept.
final class BodyLines: BodyReader {
    private struct State: Sendable {
        var line: [UInt8] = []
        /// Whether the rest of a line that is too long goes by.
        var isSkipping = false
    }

    private let limitBytes: Int
    private let each: @Sendable ([UInt8]) -> Void
    private let state = Mutex(State())

    /// Creates a reader.
    ///
    /// - Parameters:
    ///   - limitBytes: The most bytes of a line; a longer one is left out.
    ///   - each: Told each line that is not empty, without its end.
    init(limitBytes: Int, each: @escaping @Sendable ([UInt8]) -> Void) {
        (self.limitBytes, self.each) = (limitBytes, each)
    }

    var isWhole: Bool { false }

    func take(_ bytes: UnsafeRawBufferPointer) -> BodyProgress {
        var start = 0
        while let end = unsafe bytes[start...].firstIndex(of: 0x0A) {
            unsafe add(bytes[start..<end])
            endLine()
            start = end + 1
        }
        unsafe add(bytes[start...])
        return .moving
    }

    /// Hands on a last line without an end; called once the exchange is over.
    func finish() { endLine() }

    private func add(_ piece: Slice<UnsafeRawBufferPointer>) {
        state.withLock { state in
            guard !state.isSkipping, unsafe state.line.count + piece.count <= limitBytes else {
                (state.isSkipping, state.line) = (true, [])
                return
            }
            unsafe state.line.append(contentsOf: piece)
        }
    }

    private func endLine() {
        let line = state.withLock { state in
            defer { state = State() }
            return state.isSkipping ? [] : state.line
        }
        if !line.isEmpty { each(line) }
    }
}
