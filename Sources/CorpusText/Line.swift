/// One line of a text file.
package struct Line: Sendable, Hashable {
    /// Counts from 1.
    package let number: Int
    /// The line without its end, as it stands in the file; empty when the line was skipped.
    package let bytes: [UInt8]
    /// How many bytes a line had that was longer than the reader's limit and was skipped; nil otherwise.
    package let skippedBytes: Int?

    /// Creates a line.
    package init(number: Int, bytes: [UInt8], skippedBytes: Int? = nil) {
        self.number = number
        self.bytes = bytes
        self.skippedBytes = skippedBytes
    }

    /// Whether there is nothing but white space on it.
    package var isBlank: Bool {
        skippedBytes == nil && bytes.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }
}

/// The lines of a file as an asynchronous sequence; each iteration opens the file anew.
///
/// Lines are read when they are asked for, on the caller's thread.
package struct Lines: AsyncSequence, Sendable {
    private let path: String
    private let limit: Int

    /// Names the file; see ``LineReader/init(path:limit:)``.
    package init(path: String, limit: Int = LineReader.defaultLimit) {
        self.path = path
        self.limit = limit
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(path: path, limit: limit) }

    /// Opens the file when the first line is asked for.
    package struct AsyncIterator: AsyncIteratorProtocol {
        private let path: String
        private let limit: Int
        private var reader: LineReader?

        fileprivate init(path: String, limit: Int) {
            self.path = path
            self.limit = limit
        }

        package mutating func next() async throws -> Line? {
            try Task.checkCancellation()
            var reader = try self.reader ?? LineReader(path: path, limit: limit)
            defer { self.reader = reader }
            return try reader.next()
        }
    }
}
