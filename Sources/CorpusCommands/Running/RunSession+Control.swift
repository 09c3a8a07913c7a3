import CorpusPipeline

extension RunSession {
    /// What one pass is made with.
    struct Workplace {
        let gate: LocalModelGate
        let door: EndpointDoor
        let control: RunControl
        let engine: Engine
        let desk: ControlDesk
        /// Seconds of a clock that is never set.
        let elapsed: @Sendable () -> Double
    }

    /// Lets the run be controlled from outside; one whose folder takes no socket goes on without.
    func serveControl(_ desk: ControlDesk) -> ControlServer? {
        do {
            return try ControlServer(in: folder.path, answer: desk.answer)
        } catch {
            Terminal.tell("warning[no-control]: `corpusmith ctl` cannot reach this run: \(error.sentence)")
            return nil
        }
    }
}

extension ControlProblem {
    /// One sentence without a full stop.
    fileprivate var sentence: String {
        switch self {
        case .absent: "its folder is not there"
        case .denied: "its folder may not be opened"
        case .silent: "its socket does not answer"
        case .other(let sentence): sentence
        }
    }
}

extension ControlDesk {
    /// What helps a run that has used up its budget.
    var budgetHint: String {
        changedBudget
            ? "what `ctl set-budget` said held for this pass alone: look at `budget:` in the recipe"
            : "raise `budget:` in the recipe"
    }
}
