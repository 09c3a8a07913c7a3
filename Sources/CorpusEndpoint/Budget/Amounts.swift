import CorpusKit

/// What a call may take or took from a budget.
package struct Amounts: Sendable, Hashable {
    package var nanoDollars: Int
    /// Prompt and reply together.
    package var tokens: Int
    /// Requests that were answered, or may have been.
    package var calls: Int

    package init(nanoDollars: Int = 0, tokens: Int = 0, calls: Int = 0) {
        self.nanoDollars = nanoDollars
        self.tokens = tokens
        self.calls = calls
    }

    /// Sums never overflow: an absurd amount stays the largest number there is.
    package static func + (left: Amounts, right: Amounts) -> Amounts {
        Amounts(
            nanoDollars: saturatingSum(left.nanoDollars, right.nanoDollars),
            tokens: saturatingSum(left.tokens, right.tokens),
            calls: saturatingSum(left.calls, right.calls)
        )
    }

    /// Gives a reservation back.
    static func - (left: Amounts, right: Amounts) -> Amounts {
        Amounts(
            nanoDollars: left.nanoDollars - right.nanoDollars,
            tokens: left.tokens - right.tokens,
            calls: left.calls - right.calls
        )
    }

    func fits(in other: Amounts) -> Bool {
        nanoDollars <= other.nanoDollars && tokens <= other.tokens && calls <= other.calls
    }

    func most(with other: Amounts) -> Amounts {
        Amounts(
            nanoDollars: max(nanoDollars, other.nanoDollars),
            tokens: max(tokens, other.tokens),
            calls: max(calls, other.calls)
        )
    }

    /// Half as much again.
    var halfAgain: Amounts {
        self + Amounts(nanoDollars: nanoDollars / 2, tokens: tokens / 2, calls: calls / 2)
    }

    private static func saturatingSum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflows) = left.addingReportingOverflow(right)
        return overflows ? .max : sum
    }
}

/// The limits of a budget; nil means none.
package struct Caps: Sendable, Hashable {
    package var nanoDollars: Int?
    package var tokens: Int?
    package var calls: Int?
    /// The run's time, counted from the budget's creation; for a role the time in which it has calls in flight.
    package var wall: Duration?

    package init(nanoDollars: Int? = nil, tokens: Int? = nil, calls: Int? = nil, wall: Duration? = nil) {
        self.nanoDollars = nanoDollars
        self.tokens = tokens
        self.calls = calls
        self.wall = wall
    }

    /// Why an amount on top of what is taken does not fit, or nil when it does.
    ///
    /// - Parameters:
    ///   - wanted: What a call may take.
    ///   - taken: What is spent, perhaps with what is reserved.
    ///   - role: Whose caps these are; nil for the run's.
    /// - Returns: One sentence that names the role and the cap.
    func refusal(of wanted: Amounts, onTopOf taken: Amounts, role: String?) -> String? {
        let sum = taken + wanted
        let owner = role.map { " for the model `\($0)`" } ?? ""
        if let cap = nanoDollars, sum.nanoDollars > cap {
            return
                "the budget of \(NanoDollars.text(cap))\(owner) has \(NanoDollars.text(taken.nanoDollars)) spent and the "
                + "next call may cost \(NanoDollars.text(wanted.nanoDollars))"
        }
        if let cap = tokens, sum.tokens > cap {
            return
                "the budget of \(counted(cap, "token"))\(owner) has \(taken.tokens) used and the next call may use \(wanted.tokens)"
        }
        if let cap = calls, sum.calls > cap {
            return
                "the budget of \(counted(cap, "call"))\(owner) has \(taken.calls) made and the next one does not fit"
        }
        return nil
    }
}
