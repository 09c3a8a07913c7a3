/// How often something took how long, in buckets of growing width.
public struct Histogram: Sendable, Hashable {
    /// The upper bounds of the buckets in seconds; a last one has none.
    public static let bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 600]

    /// How often in each bucket, the last one without bound included.
    public private(set) var counts = Array(repeating: 0, count: Histogram.bounds.count + 1)
    /// All seconds together.
    public private(set) var sum = 0.0

    /// Creates an empty histogram.
    public init() {}

    /// How often in all.
    public var count: Int { counts.reduce(0, +) }

    mutating func note(_ seconds: Double) {
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }

    static func += (total: inout Histogram, more: Histogram) {
        for bucket in total.counts.indices { total.counts[bucket] += more.counts[bucket] }
        total.sum += more.sum
    }
}
