import CorpusKit

/// Four fifths of a cap are spent.
package struct BudgetWarning: Sendable, Hashable, CustomStringConvertible {
    /// Which cap.
    package struct Cap: Sendable, Hashable {
        /// What is capped.
        package enum Kind: Sendable, Hashable {
            case nanoDollars
            case tokens
            case calls
        }

        /// The role whose cap it is; nil for the run's.
        package let role: String?
        package let kind: Kind
    }

    package let cap: Cap
    /// What may be spent.
    package let limit: Int
    /// What is spent.
    package let spent: Int

    /// One sentence that names the cap and what is spent, without a full stop.
    package var description: String {
        let percent = Int(clamping: Int128(spent) * 100 / Int128(max(1, limit)))
        let owner = cap.role.map { " for the model `\($0)`" } ?? ""
        return switch cap.kind {
        case .nanoDollars:
            "\(percent) % of the budget\(owner) is spent: \(NanoDollars.text(spent)) of \(NanoDollars.text(limit))"
        case .tokens: "\(percent) % of the budget\(owner) is used: \(spent) of \(counted(limit, "token"))"
        case .calls: "\(percent) % of the budget\(owner) is used: \(spent) of \(counted(limit, "call"))"
        }
    }
}

extension Caps {
    func limit(of kind: BudgetWarning.Cap.Kind) -> Int? {
        switch kind {
        case .nanoDollars: nanoDollars
        case .tokens: tokens
        case .calls: calls
        }
    }

    /// The caps of which four fifths or more are spent; a cap of 0 warns of nothing.
    func warnings(at spent: Amounts, role: String?) -> [BudgetWarning] {
        var warnings: [BudgetWarning] = []
        func look(_ kind: BudgetWarning.Cap.Kind, _ spent: Int) {
            guard let limit = limit(of: kind), limit > 0, Int128(spent) * 5 >= Int128(limit) * 4 else {
                return
            }
            warnings.append(BudgetWarning(cap: .init(role: role, kind: kind), limit: limit, spent: spent))
        }
        look(.nanoDollars, spent.nanoDollars)
        look(.tokens, spent.tokens)
        look(.calls, spent.calls)
        return warnings
    }
}
