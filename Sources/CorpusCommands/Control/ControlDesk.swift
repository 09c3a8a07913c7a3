import CorpusConfig
import CorpusDiagnostics
import CorpusEndpoint
import CorpusKit
import CorpusPipeline
import Foundation
import Synchronization

/// Does what is asked on a run's control socket.
final class ControlDesk: Sendable {
    private let plan: Plan
    private let shard: Shard?
    private let pass: Int
    private let control: RunControl
    private let budget: Budget
    private let door: EndpointDoor
    private let tell: @Sendable (String) -> Void
    private let hasOtherCaps = Mutex(false)

    /// Opens a desk for one pass.
    ///
    /// - Parameters:
    ///   - plan: What is carried out.
    ///   - shard: The part of the seeds that it is carried out on; nil for all of them.
    ///   - pass: The pass's number.
    ///   - control: The handle on the engine.
    ///   - budget: What all calls together may take.
    ///   - door: The way to the models.
    ///   - tell: Told of each change in a sentence.
    init(
        plan: Plan,
        shard: Shard? = nil,
        pass: Int,
        control: RunControl,
        budget: Budget,
        door: EndpointDoor,
        tell: @escaping @Sendable (String) -> Void
    ) {
        (self.plan, self.shard, self.pass, self.control) = (plan, shard, pass, control)
        (self.budget, self.door, self.tell) = (budget, door, tell)
    }

    /// Whether somebody has given the pass other caps than its recipe.
    var changedBudget: Bool { hasOtherCaps.withLock(\.self) }

    /// Answers one line with one line, both without their ends.
    func answer(_ line: [UInt8]) -> [UInt8] {
        let reply: ControlReply
        do {
            reply = try answer(ControlRequest(parsing: line))
        } catch {
            reply = .refused(error)
        }
        return reply.line.dropLast()
    }

    /// Does what is asked.
    ///
    /// - Throws: ``CommandProblem`` when it cannot be done; nothing has changed then.
    func answer(_ request: ControlRequest) throws(CommandProblem) -> ControlReply {
        switch request {
        case .status: .status(status)
        case .pause: .done(try pause())
        case .resume: .done(try resume())
        case .drain: .done(drain())
        case .setWidth(let stage, let width): .done(try setWidth(width, of: stage))
        case .setBudget(let caps): .done(try setBudget(caps))
        case .skipStage(let stage, let isUndone): .done(try skip(stage, isUndone: isUndone))
        }
    }

    private var status: RunStatus {
        RunStatus(
            of: plan,
            pass: pass,
            process: getpid(),
            control.standing,
            budget,
            door.snapshot.total
        )
    }

    // MARK: - Holding and ending

    private func pause() throws(CommandProblem) -> ControlReply.Done {
        let change = control.pause()
        let isChanged = try check(change)
        // Calls that wait for their turn already wait on.
        door.setPaused(true)
        let inFlight = door.snapshot.total.leased
        let rest =
            inFlight == 0
            ? "" : "; \(counted(inFlight, "call")) in flight \(inFlight == 1 ? "ends" : "end") first"
        return done(isChanged, "paused: nothing new starts until `ctl resume`" + rest + clockText)
    }

    /// That the time of a pass goes on while it is paused.
    private var clockText: String {
        let standing = control.standing
        guard let wall = standing.wall else { return "" }
        return "; the run's time goes on, \(Amount.time(standing.elapsed)) of \(Amount.time(Double(wall)))"
    }

    private func resume() throws(CommandProblem) -> ControlReply.Done {
        let isChanged = try check(control.resume())
        door.setPaused(false)
        return done(isChanged, isChanged ? "resumed" : "it is not paused")
    }

    private func drain() -> ControlReply.Done {
        switch control.requestStop(.drained) {
        case .made:
            // Everything that waits and is no exchange in flight need not be waited for.
            door.drain()
            return done(true, "finishing what is in work, then the run ends; the same command continues it")
        case .same: return done(false, "the run is ending already")
        case .late: return done(false, "everything is done, and the exports are being written")
        }
    }

    // MARK: - Changing

    private func setWidth(_ width: Int, of name: String) throws(CommandProblem) -> ControlReply.Done {
        let node = try stage(name)
        let (change, before) = control.setWidth(width, of: node)
        let isChanged = try check(change)
        let models =
            plan.nodes[node].roles.isEmpty ? "" : "; how many calls that makes is up to `limits:` as well"
        var done = done(
            isChanged,
            "`\(name)` works on up to \(counted(width, "unit")) at once for the rest of this pass"
                + (isChanged ? ", \(before) before" : ", as it did") + models
        )
        done.recipe = "write `width: \(width)` into the stage `\(name)`"
        return done
    }

    private func setBudget(_ texts: [BudgetCap: String]) throws(CommandProblem) -> ControlReply.Done {
        var limits: [BudgetCap: Int?] = [:]
        for (cap, text) in texts {
            do {
                limits[cap] = .some(try cap.limit(in: text))
            } catch {
                throw CommandProblem(error.code, error.message, hint: error.hint)
            }
        }
        let before = budget.caps
        let after = before.changed(limits)
        if let fault = plan.fault(
            ofCapsWithDollars: after.nanoDollars != nil,
            isBounded: after.nanoDollars != nil || after.tokens != nil || after.calls != nil
        ) {
            throw CommandProblem(fault.code, fault.message, hint: fault.hint)
        }
        var isChanged = false
        if let wall = limits[.wall] { isChanged = try check(control.setWall(wall)) }
        if let stop = ending { throw Self.late(stop) }
        let standing = budget.change { $0 = $0.changed(limits) }
        isChanged = isChanged || before != after
        if isChanged { hasOtherCaps.withLock { $0 = true } }
        let parts = BudgetCap.allCases.compactMap { cap in
            limits[cap].map { text(cap, $0, spent: standing.spent, reserved: standing.reserved) }
        }
        var done = done(isChanged, "for the rest of this pass: " + parts.joined(separator: "; "))
        done.recipe =
            Self.advice(texts)
            + (shard.map {
                "; of `usd`, `tokens` and `calls` \($0.count) times as much, since shards divide them"
            } ?? "")
        return done
    }

    private func text(_ cap: BudgetCap, _ limit: Int?, spent: Amounts, reserved: Amounts) -> String {
        let (taken, flying, most): (Int, Int, String?)
        let amount: (Int) -> String
        switch cap {
        case .usd:
            (taken, flying, amount) = (spent.nanoDollars, reserved.nanoDollars, { Amount.dollars($0) })
            most = limit.map(Amount.dollars)
        case .tokens:
            (taken, flying, amount) = (spent.tokens, reserved.tokens, { Amount.count($0) })
            most = limit.map { Amount.count($0, "token") }
        case .calls:
            (taken, flying, amount) = (spent.calls, reserved.calls, { Amount.count($0) })
            most = limit.map { Amount.count($0, "call") }
        case .wall:
            (taken, flying) = (Int(control.standing.elapsed), 0)
            amount = { Amount.time(Double($0)) }
            most = limit.map { "\(Amount.time(Double($0))) of time" }
        }
        return (most.map { "up to \($0)" } ?? "no cap on `\(cap.rawValue)`") + ", \(amount(taken)) spent"
            + (flying > 0 ? " and up to \(amount(flying)) in flight" : "")
    }

    private static func advice(_ texts: [BudgetCap: String]) -> String {
        func list(_ caps: [String]) -> String { caps.map { "`\($0)`" }.joined(separator: ", ") }
        let kept = BudgetCap.allCases.filter { texts[$0].map { $0 != "none" } ?? false }
        let lifted = BudgetCap.allCases.filter { texts[$0] == "none" }.map(\.rawValue)
        var parts: [String] = []
        if !kept.isEmpty {
            parts.append("write \(list(kept.map { "\($0.rawValue): \(texts[$0] ?? "")" })) into `budget:`")
        }
        if !lifted.isEmpty { parts.append("leave \(list(lifted)) out of `budget:`") }
        return parts.joined(separator: " and ")
    }

    private func skip(_ name: String, isUndone: Bool) throws(CommandProblem) -> ControlReply.Done {
        let node = try stage(name)
        let isChanged = try check(control.setSkipped(!isUndone, at: node))
        let text =
            isUndone
            ? "`\(name)` \(isChanged ? "goes on" : "was not skipped")"
            : "`\(name)` starts no further unit in this pass; what waits there stays open, and the run ends resumable "
                + "when everything else is done"
        return done(isChanged, text)
    }

    // MARK: - Helpers

    /// The place of a stage in the plan.
    private func stage(_ name: String) throws(CommandProblem) -> Int {
        let stages = plan.nodes.indices.filter { ![.read, .write].contains(plan.nodes[$0].verb) }
        if let node = stages.first(where: { plan.nodes[$0].name == name }) { return node }
        let isOther = plan.nodes.contains { $0.name == name }
        throw CommandProblem(
            "unknown-stage",
            isOther
                ? "`\(name)` is no stage, but a source or an export"
                : "the run has no stage called `\(name)`",
            hint: nameHint(for: name, among: stages.map { plan.nodes[$0].name }, "its stages")
        )
    }

    private func done(_ isChanged: Bool, _ message: String) -> ControlReply.Done {
        if isChanged { tell(message) }
        return ControlReply.Done(isChanged: isChanged, message: message)
    }

    private var ending: RunStop?? {
        switch control.standing.phase {
        case .running, .paused: nil
        case .draining(let stop): .some(stop)
        case .over: .some(nil)
        }
    }

    /// Whether something changed.
    private func check(_ change: RunControl.Change) throws(CommandProblem) -> Bool {
        switch change {
        case .made: return true
        case .same: return false
        case .late(let stop): throw Self.late(stop)
        }
    }

    private static func late(_ stop: RunStop?) -> CommandProblem {
        CommandProblem(
            "run-ending",
            stop.map { "the run is ending: \($0.sentence)" }
                ?? "everything is done, and the exports are being written",
            hint: stop == nil ? nil : "run the same command again to continue"
        )
    }
}

extension Caps {
    /// The caps with some of them changed; the run's time is the engine's.
    fileprivate func changed(_ limits: [BudgetCap: Int?]) -> Caps {
        var caps = self
        if let limit = limits[.usd] { caps.nanoDollars = limit }
        if let limit = limits[.tokens] { caps.tokens = limit }
        if let limit = limits[.calls] { caps.calls = limit }
        return caps
    }
}
