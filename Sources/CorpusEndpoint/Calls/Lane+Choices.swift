import CorpusKit
import Synchronization

extension Lane {
    /// What an exchange brought, each reply with its part of what all of them took.
    ///
    /// Endpoints count the replies of one exchange together. The prompt is the first one's; what was written is spread by
    /// the length of the replies, which is as near as their tokens can be known. No token and no amount is lost or made.
    ///
    /// - Parameters:
    ///   - first: The first reply, whose usage is that of all.
    ///   - others: The others.
    ///   - attempts: How many times the request was sent.
    ///   - used: What the exchange was booked at.
    /// - Returns: The replies with their charges.
    func endpointReply(
        _ first: ModelReply,
        _ others: [ModelReply],
        attempts: Int,
        booked used: Amounts
    ) -> EndpointReply {
        var reply = EndpointReply(
            reply: first,
            attempts: attempts,
            charge: charge(used),
            endpoint: label.address
        )
        guard !others.isEmpty else { return reply }
        let lengths = ([first] + others).map(\.writtenBytes)
        let written = first.usage.map { Self.shares(of: $0.output, by: lengths) }
        let evenly = lengths.map { _ in 1 }
        let tokens = Self.shares(of: used.tokens, by: evenly)
        let money = Self.shares(of: used.nanoDollars, by: evenly)
        for (index, other) in zip(1..., others) {
            var other = other
            var part = Amounts(nanoDollars: money[index], tokens: tokens[index])
            if let written {
                let usage = TokenUsage(output: written[index])
                other.usage = usage
                part = amounts(usage)
                // A price of less than a billionth is rounded.
                part.nanoDollars = min(part.nanoDollars, reply.charge.cost ?? 0)
                reply.reply.usage?.output -= usage.output
            }
            reply.others.append(.init(reply: other, charge: charge(part)))
            reply.charge.tokens -= part.tokens
            reply.charge.cost? -= part.nanoDollars
        }
        return reply
    }

    /// Splits a whole number by weights; the parts add up to it.
    ///
    /// - Parameters:
    ///   - whole: At least 0.
    ///   - weights: At least one, each at least 0; all zero count as equal.
    /// - Returns: A part for each weight.
    static func shares(of whole: Int, by weights: [Int]) -> [Int] {
        let sum = weights.reduce(0, +)
        guard sum > 0 else { return shares(of: whole, by: weights.map { _ in 1 }) }
        var (seen, given) = (0, 0)
        return weights.map { weight in
            seen += weight
            let upToHere = Int(Int128(whole) * Int128(seen) / Int128(sum))
            defer { given = upToHere }
            return upToHere - given
        }
    }
}

extension ModelReply {
    /// How much the model wrote, in bytes.
    fileprivate var writtenBytes: Int {
        text.utf8.count + (reasoning?.utf8.count ?? 0)
            + toolCalls.reduce(0) { $0 + $1.name.utf8.count + $1.arguments.utf8.count }
    }
}

extension ModelChannel {
    /// Tells once that an endpoint gives fewer replies to one request than it was asked for.
    func tellIfFewer(_ count: Int, of wanted: Int, from lane: Lane) {
        let isNew = givesFewer.withLock { known in
            defer { known = known || count < wanted }
            return !known && count < wanted
        }
        guard isNew else { return }
        shared.tell(
            "`\(lane.label.address)` \(count == 0 ? "refused a request for \(wanted) replies" : "gave \(count) of \(wanted) replies that one request asked for"); "
                + "what is missing is asked for one by one"
        )
    }
}
