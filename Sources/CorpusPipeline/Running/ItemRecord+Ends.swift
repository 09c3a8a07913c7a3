import CorpusKit
import CorpusLedger

extension ItemRecord {
    /// Remembers which models stood in for others that refused the content.
    mutating func note(fallbacks: [String]) {
        if !fallbacks.isEmpty { detail["fallbacks"] = .array(fallbacks.map(JSONValue.string)) }
    }

    /// Books what ended a unit before its time.
    ///
    /// - Throws: The error itself when it is not the unit's: a used-up budget, a broken ledger, a cancelled task, a
    ///   failure that every further unit would meet.
    mutating func end(with error: any Error) throws {
        switch error {
        case let skip as Skip: (state, reason, summary) = (.dropped, skip.reason, skip.description)
        case let problem as SeedProblem:
            (state, reason, summary) = (.dropped, "missing-field", problem.description)
        case let failure as WorkFailure where !failure.stopsRun:
            (state, reason, summary) = (.failed, failure.code, failure.description)
        case is WorkFailure, is Halted, is BudgetExhausted, is LedgerProblem, is CancellationError:
            throw error
        case let problem as PromptProblem:
            (state, reason, summary) = (.failed, "template-error", problem.description)
        default: (state, reason, summary) = (.failed, "plugin-error", "\(error)")
        }
    }
}
