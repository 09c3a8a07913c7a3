/// The books of a budget: who has what, who waits, and who goes next; without a lock and without a clock.
///
/// Each role has a line of its own, first come first served. Of the lines' heads the earliest goes next. A head that
/// waits for its role's reservations holds up its own line alone. One that waits for the run's holds up all that came
/// later, whatever their role: else many small calls could keep a large one waiting for good.
struct BudgetBook: Sendable {
    /// What is booked, and what calls in flight may take at most.
    struct Account: Sendable, Hashable {
        var spent = Amounts()
        private(set) var reserved = Amounts()
        /// For how long at least one call was reserved for, up to ``since``.
        private var busy = Duration.zero
        /// Since when one is; nil while none is.
        private var since: Duration?

        init(spent: Amounts = Amounts()) { self.spent = spent }

        mutating func reserve(_ amounts: Amounts, at now: Duration) {
            reserved = reserved + amounts
            if since == nil { since = now }
        }

        mutating func release(_ amounts: Amounts, at now: Duration) {
            reserved = reserved - amounts
            guard reserved == Amounts(), let start = since else { return }
            (busy, since) = (busy + (now - start), nil)
        }

        /// For how long there were calls, however many at a time.
        func busy(at now: Duration) -> Duration { busy + (since.map { now - $0 } ?? .zero) }
    }

    /// Somebody who wants a reservation.
    struct Request: Sendable, Hashable {
        let number: UInt64
        let role: String
        let worstCase: Amounts
    }

    /// What became of a request.
    enum Answer: Sendable, Hashable {
        case granted
        case refused(String)
    }

    /// A request that waits no longer, or never did.
    struct Move: Sendable, Hashable {
        let number: UInt64
        let answer: Answer
    }

    private enum Standing {
        case fits
        case cannotFit(String)
        case waitsForRole
        case waitsForRun
    }

    private(set) var caps: Caps
    let perRole: [String: Caps]
    private(set) var total: Account
    private(set) var roles: [String: Account]
    private var lines: [String: WaitingLine<Request>] = [:]
    private var lastNumber: UInt64 = 0
    private var warned: Set<BudgetWarning.Cap> = []

    init(_ caps: Caps, perRole: [String: Caps], spent: Amounts, spentPerRole: [String: Amounts]) {
        self.caps = caps
        self.perRole = perRole
        total = Account(spent: spent)
        roles = spentPerRole.mapValues { Account(spent: $0) }
    }

    /// How many wait.
    private(set) var waiting = 0

    /// A number for somebody who may have to wait.
    mutating func draw() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// Puts a request in its line.
    ///
    /// - Parameters:
    ///   - request: What is wanted.
    ///   - now: How long the run has gone on.
    /// - Returns: Who moves; a request that is not among them waits.
    mutating func ask(_ request: Request, at now: Duration) -> [Move] {
        // What can never fit is refused at once, also behind others.
        if let why = late(request.role, at: now) ?? refusal(of: request) {
            return [Move(number: request.number, answer: .refused(why))]
        }
        if takeNow(request, at: now) { return [Move(number: request.number, answer: .granted)] }
        waiting += 1
        lines[request.role, default: WaitingLine()].join(request.number, request)
        return advance(at: now)
    }

    /// Grants a request that is not late, without a line, where nobody waits and it fits.
    private mutating func takeNow(_ request: Request, at now: Duration) -> Bool {
        guard waiting == 0, case .fits = standing(of: request) else { return false }
        reserve(for: request, at: now)
        return true
    }

    private mutating func reserve(for request: Request, at now: Duration) {
        total.reserve(request.worstCase, at: now)
        roles[request.role, default: Account()].reserve(request.worstCase, at: now)
    }

    /// Grants a request if nobody need be waited for.
    ///
    /// - Returns: Whether it was granted, and who else moves: whose time was up meanwhile is found so now.
    mutating func askNow(_ request: Request, at now: Duration) -> (isGranted: Bool, others: [Move]) {
        if waiting == 0, late(request.role, at: now) == nil, takeNow(request, at: now) { return (true, []) }
        let moves = ask(request, at: now)
        let own = moves.first { $0.number == request.number }
        if own == nil { _ = remove(request.number, role: request.role) }
        return (own?.answer == .granted, moves.filter { $0.number != request.number })
    }

    /// Takes somebody out of the line; those behind may have waited for them alone.
    ///
    /// - Returns: Who moves, or nil when nobody with this number waits.
    mutating func leave(_ number: UInt64, role: String, at now: Duration) -> [Move]? {
        guard remove(number, role: role) else { return nil }
        return advance(at: now)
    }

    private mutating func remove(_ number: UInt64, role: String) -> Bool {
        guard lines[role]?.leave(number) != nil else { return false }
        waiting -= 1
        return true
    }

    /// Empties all lines.
    ///
    /// - Returns: The numbers of those who waited.
    mutating func dismiss() -> [UInt64] {
        var numbers: [UInt64] = []
        for role in lines.keys {
            while let request = lines[role]?.removeFirst() { numbers.append(request.number) }
        }
        waiting = 0
        return numbers
    }

    /// Takes other caps for all calls together; each of them may be told of once more.
    ///
    /// What is reserved stays reserved: it may be in flight.
    ///
    /// - Returns: Who moves.
    mutating func change(_ new: Caps, at now: Duration) -> [Move] {
        warned = warned.filter { $0.role != nil || caps.limit(of: $0.kind) == new.limit(of: $0.kind) }
        caps = new
        return advance(at: now)
    }

    /// Gives a reservation back and books what was taken.
    ///
    /// - Returns: Who moves.
    mutating func settle(_ worstCase: Amounts, used: Amounts, role: String, at now: Duration) -> [Move] {
        total.release(worstCase, at: now)
        total.spent = total.spent + used
        var account = roles[role] ?? Account()
        account.release(worstCase, at: now)
        account.spent = account.spent + used
        roles[role] = account
        return advance(at: now)
    }

    /// The caps that were nearly reached since this was asked last; each is told of once.
    ///
    /// A cap that is used up is none of them: what is refused next says so.
    mutating func newWarnings() -> [BudgetWarning] {
        var found = caps.warnings(at: total.spent, role: nil)
        for role in perRole.isEmpty ? [] : perRole.keys.sorted() {
            found += perRole[role]?.warnings(at: roles[role]?.spent ?? Amounts(), role: role) ?? []
        }
        return found.filter { warned.insert($0.cap).inserted && $0.spent < $0.limit }
    }

    // MARK: - Whose turn it is

    private mutating func advance(at now: Duration) -> [Move] {
        guard waiting > 0 else { return [] }
        var moved: [Move] = []
        var held: Set<String> = []
        while let request = earliest(besides: held) {
            let answer: Answer
            switch late(request.role, at: now).map(Standing.cannotFit) ?? standing(of: request) {
            case .fits:
                reserve(for: request, at: now)
                answer = .granted
            case .cannotFit(let why): answer = .refused(why)
            case .waitsForRole:
                held.insert(request.role)
                continue
            case .waitsForRun: return moved
            }
            _ = lines[request.role]?.removeFirst()
            waiting -= 1
            moved.append(Move(number: request.number, answer: answer))
        }
        return moved
    }

    private mutating func earliest(besides held: Set<String>) -> Request? {
        var earliest: Request?
        for role in lines.keys where !held.contains(role) {
            guard let head = lines[role]?.first() else { continue }
            if earliest.map({ head.number < $0.number }) ?? true { earliest = head }
        }
        return earliest
    }

    private func standing(of request: Request) -> Standing {
        if let why = refusal(of: request) { return .cannotFit(why) }
        let account = roles[request.role] ?? Account()
        if let caps = perRole[request.role],
            caps.refusal(of: request.worstCase, onTopOf: account.spent + account.reserved, role: nil) != nil
        {
            return .waitsForRole
        }
        let fits =
            caps.refusal(of: request.worstCase, onTopOf: total.spent + total.reserved, role: nil) == nil
        return fits ? .fits : .waitsForRun
    }

    /// Why no call of a role may start, once the run's time or the role's is up.
    private func late(_ role: String, at now: Duration) -> String? {
        if let wall = caps.wall, now >= wall {
            return "the budget of \(wall.inWords) for the run's time is used up"
        }
        guard let wall = perRole[role]?.wall, roles[role]?.busy(at: now) ?? .zero >= wall else { return nil }
        return "the budget of \(wall.inWords) for the calls of the model `\(role)` is used up"
    }

    /// Why a request cannot fit even when every reservation comes back unused.
    private func refusal(of request: Request) -> String? {
        perRole[request.role]?.refusal(
            of: request.worstCase,
            onTopOf: roles[request.role]?.spent ?? Amounts(),
            role: request.role
        ) ?? caps.refusal(of: request.worstCase, onTopOf: total.spent, role: nil)
    }
}
