import CorpusKit
import Synchronization

/// The way to one model: its lanes, and what happens between a question and its reply.
final class ModelChannel: Sendable {
    let route: ModelRoute
    let lanes: [Lane]
    /// What no lane can count: requests that are asked again or given up.
    let counters = CallCounters()
    /// The way for requests that may wait; nil when they are asked one by one.
    let batch: BatchChannel?
    private let picker: LanePicker
    private let breaker: Breaker
    private let waits: RetryWaits
    private let slow: SlowCalls
    let shared: Lane.Surroundings
    /// Whether it was told that fewer replies came than were asked for.
    let givesFewer = Mutex(false)

    init(
        _ route: ModelRoute,
        _ addresses: [EndpointAddress],
        _ shared: Lane.Surroundings,
        batches: any BatchStore,
        hasAnswered: Bool = false
    ) {
        self.route = route
        let waits = RetryWaits(shared.sleep)
        var own = shared
        own.sleep = { try await waits.wait($0) }
        let lanes = zip(route.endpoints, addresses).map { given, address in
            var configuration = given
            // What it costs in batches is what is reserved and booked.
            if let batch = route.batch { configuration.price = given.price?.scaled(by: batch.priceFactor) }
            return Lane(configuration, address, own)
        }
        if let settings = route.batch, let lane = lanes.first,
            let dialect = lane.configuration.batchDialect(at: lane.address)
        {
            batch = BatchChannel(lane, dialect, settings, batches, shared)
        } else {
            batch = nil
        }
        picker = LanePicker(lanes.map { ($0.label.address, $0.configuration.weight) })
        breaker = Breaker(shared.policy, lanes.map(\.label.address), hasAnswered: hasAnswered) { failure in
            waits.end(failure)
            for lane in lanes { lane.desk.close(failure) }
        }
        slow = SlowCalls(share: route.hedge)
        (self.lanes, self.waits, self.shared) = (lanes, waits, own)
    }

    /// Asks every endpoint for its models; one that cannot be asked takes no part while another can.
    ///
    /// Once one has answered, the others are waited for no longer than two seconds: one that reads its model for
    /// minutes does not hold up the run.
    func probe() async throws -> EndpointProbe {
        var found: EndpointProbe?
        var trouble: (any Error)?
        try await withThrowingTaskGroup(of: (Int, Result<EndpointProbe, any Error>)?.self) { group in
            for index in lanes.indices {
                group.addTask { [lanes] in
                    do {
                        return (index, .success(try await lanes[index].probe()))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var open = lanes.count
            while open > 0, let next = try await group.next() {
                guard let (index, result) = next else {
                    group.cancelAll()
                    continue
                }
                open -= 1
                switch result {
                case .success(let probe):
                    if found == nil, open > 0 {
                        group.addTask { [shared] in
                            try? await shared.sleep(.seconds(2))
                            return nil
                        }
                    }
                    found = found ?? probe
                    lanes[index].watch()
                case .failure(let error):
                    trouble = trouble ?? error
                    guard lanes.count > 1, !Task.isCancelled else { break }
                    let why = (error as? WorkFailure)?.description ?? "it does not answer yet"
                    shared.tell("`\(lanes[index].label.address)` cannot be used now: \(why)")
                    lanes[index].health.rest(now: shared.elapsed())
                }
            }
            group.cancelAll()
        }
        if let found { return found }
        throw trouble ?? CancellationError()
    }

    /// Ends what goes on beside the calls.
    func stopWatching() { for lane in lanes { lane.stopWatching() } }

    /// Ends the waits for leases and between attempts; exchanges in flight go on.
    func drain() {
        batch?.drain()
        waits.end(CancellationError())
        for lane in lanes { lane.desk.close(CancellationError()) }
    }

    /// Gets a reply; see `ModelEndpoint`.
    ///
    /// No place is kept while a call waits for another try: it comes back with precedence.
    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        if let batch { return try await batch.complete(request, for: role, charged: charged) }
        let prefix = lanes.count > 1 ? LanePicker.prefix(of: request) : 0
        var pacing: Pacing?
        var tried: Set<Int> = []
        var attempts = 0
        // The longest wait of all lanes that were tried since the last one.
        var wish = Duration.zero
        while true {
            try breaker.check()
            try Task.checkCancellation()
            var pause: Duration?
            let index = pick(prefix, besides: tried)
            let end: End
            do {
                end = try await attempt(request, for: role, at: index, isRetry: attempts > 0)
            } catch is LaneLeft {
                continue
            }
            defer { rebalance() }
            let (lane, used) = (end.exchanged.lane, end.exchanged.used)
            attempts += 1
            do {
                for (loser, used) in end.lost where used != Amounts() {
                    try await charged(loser.charge(used))
                }
            } catch {
                // A reply that is there is not given up because its rival's charge cannot be written.
                if end.exchanged.reply == nil {
                    end.exchanged.release()
                    throw error
                }
            }
            switch end.exchanged.outcome {
            case .success(let reply, let others):
                breaker.succeeded()
                end.exchanged.release()
                slow.note(Double(reply.milliseconds) / 1000)
                note(.alive, of: lane, nil)
                tellIfFewer(1 + others.count, of: request.choices, from: lane)
                return lane.endpointReply(reply, others, attempts: attempts, booked: used)
            case .failure(let failure):
                // Held until the breaker knows, so that nobody is sent after a failure that stops everything.
                defer { end.exchanged.release() }
                if used != Amounts() { try await charged(lane.charge(used)) }
                // The run is stopping: the exchange was aborted, no failure of the endpoint's.
                guard let failure else {
                    note(.unknown, of: lane, nil)
                    throw CancellationError()
                }
                // The key is a digest of the whole request: not worth its time before something fails.
                let key = request.key
                if moves(after: failure, of: lane) { continue }
                var next = pacing ?? Pacing(shared.policy, maxAttempts: maxAttempts, request: key)
                let step = next.step(after: failure)
                tried.insert(index)
                let goesOn = lanes.indices.contains { !tried.contains($0) && isWell($0) }
                if goesOn { next.skip() }
                pacing = next
                guard case .wait(let wait) = step else {
                    counters.update { $0.failures += 1 }
                    if request.choices > 1, failure.code == .endpointRefused, !failure.stopsRun {
                        // Whoever asks for several asks for one then: no sign that further calls would fail.
                        tellIfFewer(0, of: request.choices, from: lane)
                        throw failure.workFailure(attempts: attempts)
                    }
                    throw breaker.failed(key, await lane.withModelList(failure), attempts: attempts)
                }
                counters.update { $0.retries[failure.code, default: 0] += 1 }
                wish = max(wish, wait)
                if goesOn { continue }
                (tried, pause, wish) = ([], wish, .zero)
            }
            // No place is kept meanwhile.
            if let pause { try await shared.sleep(pause) }
        }
    }

    private var maxAttempts: Int { lanes.map(\.configuration.maxAttempts).max() ?? 1 }

    // MARK: - Where to ask

    private func isWell(_ index: Int) -> Bool { lanes[index].health.wait(now: shared.elapsed()) == 0 }

    /// The lane that a call goes to; one that rests only when all do.
    private func pick(_ prefix: UInt64, besides tried: Set<Int>) -> Int {
        guard lanes.count > 1 else { return 0 }
        let now = shared.elapsed()
        let waits = lanes.map { $0.health.wait(now: now) }
        let candidates = lanes.indices.map { index in
            LanePicker.Candidate(
                index: index,
                isWell: waits[index] == 0,
                isFree: lanes[index].desk.isFree,
                wasTried: tried.contains(index)
            )
        }
        return picker.pick(prefix, among: candidates)
            ?? lanes.indices.min { waits[$0] ?? .infinity < waits[$1] ?? .infinity } ?? 0
    }

    /// Books a failure with its lane; whether the call goes on elsewhere as though nothing had happened.
    private func moves(after failure: CallFailure, of lane: Lane) -> Bool {
        if failure.stopsRun, lanes.count > 1 {
            if lane.health.retire(failure) {
                shared.tell("`\(lane.label.address)` is asked no more: \(failure.message)")
                lane.desk.expel(LaneLeft())
            }
            return lanes.contains { $0.health.end == nil }
        }
        // A wish to be left alone for long is one endpoint's; the others may be asked meanwhile.
        if case .again(let wish?) = failure.kind, wish > shared.policy.longestWish,
            lanes.indices.contains(where: { lanes[$0] !== lane && isWell($0) })
        {
            if lane.health.rest(now: shared.elapsed(), seconds: wish / .seconds(1)) {
                shared.tell("`\(lane.label.address)` rests for \(wish.inWords): \(failure.message)")
            }
            lane.desk.expel(LaneLeft())
            return true
        }
        note(failure.health, of: lane, failure)
        return false
    }

    /// Books how a call ended with its lane, and tells what that changed.
    private func note(_ end: LaneHealth.End, of lane: Lane, _ failure: CallFailure?) {
        switch lane.health.ended(end, now: shared.elapsed()) {
        case .rests where lanes.count == 1:
            // Nobody else can be asked, so it does not rest; that it is in trouble is worth a line.
            shared.tell(
                "`\(lane.label.address)` is in trouble, and calls are tried again: \(failure?.message ?? "it does not answer")"
            )
        case .rests:
            shared.tell(
                "`\(lane.label.address)` rests for a while: \(failure?.message ?? "it does not answer")"
            )
            lane.desk.expel(LaneLeft())
        case .returns: shared.tell("`\(lane.label.address)` answers again")
        case nil: break
        }
    }

    /// Fetches calls that wait at one endpoint while another one is free.
    private func rebalance() {
        guard lanes.count > 1 else { return }
        for index in lanes.indices where isWell(index) && lanes[index].desk.isFree {
            let busiest = lanes.filter { $0 !== lanes[index] }.max {
                $0.desk.standing.waiting < $1.desk.standing.waiting
            }
            busiest?.desk.expel(LaneLeft(), most: 1)
        }
    }

    // MARK: - One attempt

    /// A call that waited at an endpoint is to choose anew.
    private struct LaneLeft: Error {}

    private struct End: Sendable {
        var exchanged: Lane.Exchanged
        /// What was spent beside it on exchanges that lost a race.
        var lost: [(Lane, Amounts)] = []
    }

    private func attempt(
        _ request: ModelRequest,
        for role: String,
        at index: Int,
        isRetry: Bool
    ) async throws -> End {
        let lane = lanes[index]
        var parcel = try lane.parcel(request, for: role)
        parcel.need.isRetry = isRetry
        let asked = shared.elapsed()
        let lease = try await funded(parcel, for: role, at: lane)
        lane.counters.update { $0.leaseWait.note(shared.elapsed() - asked) }
        if lanes.count > 1, lane.health.begin(now: shared.elapsed()), await !lane.isReachable() {
            // Free of charge, and no sample's time is lost on a server that is not there.
            lane.desk.end(lease, nil)
            shared.budget.settle(parcel.worstCase, used: Amounts(), for: role, isRemembered: true)
            _ = lane.health.ended(.failed, now: shared.elapsed())
            throw LaneLeft()
        }
        guard let bound = slow.bound else {
            return End(exchanged: await lane.exchange(parcel, request, under: lease))
        }
        return await race(parcel, request, under: lease, at: index, after: bound, isRetry: isRetry)
    }

    /// A lease and a reservation; who waits for money keeps no place from a role that has some.
    private func funded(_ parcel: Lane.Parcel, for role: String, at lane: Lane) async throws -> Lease {
        let lease = try await leased(parcel, for: role, at: lane)
        do {
            try await shared.budget.remember(parcel.worstCase, for: role)
            return lease
        } catch {
            lane.desk.end(lease, nil)
            shared.budget.settle(parcel.worstCase, used: Amounts(), for: role, isRemembered: true)
            throw error
        }
    }

    private func leased(_ parcel: Lane.Parcel, for role: String, at lane: Lane) async throws -> Lease {
        let lease = try await lane.desk.lease(parcel.need)
        if shared.budget.reserveNow(parcel.worstCase, for: role) { return lease }
        lane.desk.end(lease, nil)
        try await shared.budget.reserve(parcel.worstCase, for: role)
        do {
            return try await lane.desk.lease(parcel.need)
        } catch {
            shared.budget.settle(parcel.worstCase, used: Amounts(), for: role)
            throw error
        }
    }

    /// Asks a second lane when the first one has not answered after some seconds; the first reply counts.
    private func race(
        _ parcel: Lane.Parcel,
        _ request: ModelRequest,
        under lease: Lease,
        at index: Int,
        after seconds: Double,
        isRetry: Bool
    ) async -> End {
        await withTaskGroup(of: Lane.Exchanged?.self) { [self] group in
            let lane = lanes[index]
            group.addTask { await lane.exchange(parcel, request, under: lease) }
            group.addTask { [shared] in
                try? await shared.sleep(.seconds(seconds))
                return nil
            }
            var running = 1
            var ends: [Lane.Exchanged] = []
            while running > 0, let next = await group.next() {
                guard let end = next else {
                    guard ends.isEmpty, let second = second(parcel.need.role, request, besides: index)
                    else { continue }
                    running += 1
                    counters.update { $0.hedged += 1 }
                    group.addTask { [shared] in
                        do {
                            try await shared.budget.remember(second.parcel.worstCase, for: parcel.need.role)
                        } catch {
                            // Not sent: the first exchange stands alone.
                            return second.lane.withdraw(second.parcel, second.lease)
                        }
                        return await second.lane.exchange(second.parcel, request, under: second.lease)
                    }
                    continue
                }
                running -= 1
                ends.append(end)
                if end.reply != nil { group.cancelAll() }
            }
            group.cancelAll()
            let best = ends.firstIndex { $0.reply != nil } ?? 0
            let losers = ends.enumerated().filter { $0.offset != best }.map(\.element)
            for loser in losers {
                loser.release()
                note(loser.health, of: loser.lane, nil)
            }
            return End(exchanged: ends[best], lost: losers.map { ($0.lane, $0.used) })
        }
    }

    /// A lane with a lease and a reservation that are to be had at once, for a call that is slow elsewhere.
    private func second(
        _ role: String,
        _ request: ModelRequest,
        besides index: Int
    ) -> (lane: Lane, parcel: Lane.Parcel, lease: Lease)? {
        let others = lanes.indices.filter { $0 != index && isWell($0) }
        guard let lane = (others.isEmpty ? [index] : others).map({ lanes[$0] }).first(where: \.desk.isFree)
        else { return nil }
        guard let parcel = try? lane.parcel(request, for: role) else { return nil }
        guard slow.mayHedge(), let lease = lane.desk.leaseNow(parcel.need) else { return nil }
        guard shared.budget.reserveNow(parcel.worstCase, for: role) else {
            lane.desk.end(lease, nil)
            return nil
        }
        return (lane, parcel, lease)
    }
}
