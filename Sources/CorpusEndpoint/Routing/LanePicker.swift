import CorpusKit

/// Chooses between the endpoints of a model; pure.
///
/// Prompts that begin alike go to one endpoint, where their beginning is in the cache: by rendezvous hashing, so that
/// the shares follow the weights, and an endpoint that goes away moves only its own prompts. One that has no place
/// free loses the call to the next one that has.
struct LanePicker: Sendable {
    /// What is known of an endpoint at the moment of choice.
    struct Candidate: Sendable, Hashable {
        var index: Int
        /// Whether it may be asked now.
        var isWell = true
        /// Whether a place is free.
        var isFree = true
        /// Whether this very call has failed there already.
        var wasTried = false
    }

    private let names: [UInt64]
    private let weights: [Double]

    /// - Parameter lanes: Address and weight of each endpoint; weights above 0.
    init(_ lanes: [(name: String, weight: Double)]) {
        names = lanes.map { Self.hash(Array($0.name.utf8)) }
        weights = lanes.map(\.weight)
    }

    /// The best candidate, or nil when none may be asked.
    func pick(_ prefix: UInt64, among candidates: [Candidate]) -> Int? {
        candidates.filter(\.isWell).min { left, right in
            if left.wasTried != right.wasTried { return right.wasTried }
            if left.isFree != right.isFree { return left.isFree }
            return score(left.index, prefix) < score(right.index, prefix)
        }?.index
    }

    /// An exponential variate with the weight as its rate: the least of all wins as often as the weight says.
    private func score(_ index: Int, _ prefix: UInt64) -> Double {
        var mixed = (names[index] ^ prefix) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 32
        mixed &*= 0xD6E8_FEB8_6659_FD93
        mixed ^= mixed >> 32
        return -Self.logarithm((Double(mixed >> 11) + 0.5) * 0x1p-53) / weights[index]
    }

    /// The natural logarithm of a number in (0, 1), near enough and alike on every machine.
    private static func logarithm(_ value: Double) -> Double {
        let (exponent, significand) = (Double(value.exponent), value.significand)
        // log m for m in [1, 2), by the series of the inverse hyperbolic tangent.
        let ratio = (significand - 1) / (significand + 1)
        let square = ratio * ratio
        var (term, sum) = (ratio, 0.0)
        for odd in stride(from: 1.0, through: 15, by: 2) {
            sum += term / odd
            term *= square
        }
        return exponent * 0.693_147_180_559_945_3 + 2 * sum
    }

    /// What prompts that begin alike have in common: a hash of the first kilobyte.
    static func prefix(of request: ModelRequest) -> UInt64 {
        var bytes: [UInt8] = []
        for text in request.prompt.map({ [$0] }) ?? request.messages.map(\.content) + request.texts {
            bytes += text.utf8.prefix(1024 - bytes.count)
            guard bytes.count < 1024 else { break }
        }
        return hash(bytes)
    }

    /// FNV-1a.
    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
