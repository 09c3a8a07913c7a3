import CorpusKit
import Synchronization

/// The rows of one model between question and answer, and who waits for them.
///
/// A row waits in line until a batch takes it. Whoever asks for a row that is under way already, in this process or
/// since an earlier one, waits for that one.
final class BatchRows: Sendable {
    typealias Continuation = CheckedContinuation<RowEnd, any Error>

    private struct Entry: Sendable {
        var row: BatchRow
        var isInLine = true
        var waiting: [UInt64: Continuation] = [:]
    }

    private struct State: Sendable {
        var entries: [ItemKey: Entry] = [:]
        var line: [ItemKey] = []
        var lineBytes = 0
        /// What came for rows when nobody waited for them.
        var unclaimed: [ItemKey: EndpointReply] = [:]
        var lastNumber: UInt64 = 0
        var lastJoin = 0.0
        /// Whether the line holds rows that were due already.
        var isOverdue = false
        var maxRows: Int
        var maxBytes: Int
        var isCollecting = false
        var nap: Task<Void, any Error>?
        var end: (any Error)?

        var isDue: Bool { isOverdue || line.count >= maxRows || lineBytes >= maxBytes }

        mutating func leave(_ keys: Set<ItemKey>) {
            line.removeAll(where: keys.contains)
            for key in keys { lineBytes -= entries[key]?.row.parcel.body.count ?? 0 }
        }
    }

    private let state: Mutex<State>

    init(maxRows: Int, maxBytes: Int) {
        state = Mutex(State(maxRows: maxRows, maxBytes: maxBytes))
    }

    /// How many rows wait for a batch.
    var inLine: Int { state.withLock { $0.line.count } }
    /// Why nothing goes on any more, if so.
    var end: (any Error)? { state.withLock(\.end) }

    // MARK: - Asking

    /// Waits for what comes of a row.
    ///
    /// - Parameters:
    ///   - row: The row, which joins the line unless it is under way.
    ///   - now: Seconds of a clock that never goes back.
    ///   - collect: Called when somebody has to begin to take rows from the line.
    /// - Returns: The row's end.
    /// - Throws: What everything ended with, or the row; `CancellationError`.
    func end(of row: BatchRow, now: Double, collect: @Sendable () -> Void) async throws -> RowEnd {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { join(row, number, $0, now, collect) }
        } onCancel: {
            state.withLock { state in leave(row.key, number, &state) }?
                .resume(throwing: CancellationError())
        }
    }

    private func join(
        _ row: BatchRow,
        _ number: UInt64,
        _ continuation: Continuation,
        _ now: Double,
        _ collect: @Sendable () -> Void
    ) {
        let (result, starts) = state.withLock { state -> (Result<RowEnd, any Error>?, Bool) in
            if let end = state.end { return (.failure(end), false) }
            if Task.isCancelled { return (.failure(CancellationError()), false) }
            if let reply = state.unclaimed.removeValue(forKey: row.key) {
                return (.success(RowEnd(outcome: .reply(reply))), false)
            }
            if state.entries[row.key] == nil {
                state.entries[row.key] = Entry(row: row)
                state.line.append(row.key)
                state.lineBytes += row.parcel.body.count
                state.lastJoin = now
            }
            state.entries[row.key]?.waiting[number] = continuation
            if state.isDue { state.nap?.cancel() }
            defer { if !state.line.isEmpty { state.isCollecting = true } }
            return (nil, !state.isCollecting && !state.line.isEmpty)
        }
        if let result { continuation.resume(with: result) }
        if starts { collect() }
    }

    /// Takes a caller away who waits no longer; a row in line that nobody wants goes with it.
    private func leave(_ key: ItemKey, _ number: UInt64, _ state: inout State) -> Continuation? {
        guard let waiter = state.entries[key]?.waiting.removeValue(forKey: number) else { return nil }
        if let entry = state.entries[key], entry.isInLine, entry.waiting.isEmpty {
            state.leave([key])
            state.entries[key] = nil
        }
        return waiter
    }

    // MARK: - Taking from the line

    /// Waits until a batch is due.
    ///
    /// - Parameters:
    ///   - quiet: How long no row has to come.
    ///   - now: Tells the seconds of a clock that never goes back.
    ///   - sleep: Waits.
    /// - Returns: Whether there is one; if not, whoever joins the line next has to begin again.
    func ripen(
        _ quiet: Duration,
        now: @Sendable () -> Double,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) async -> Bool {
        while true {
            let moment = now()
            let wait = state.withLock { state -> Duration? in
                guard !state.line.isEmpty, state.end == nil else {
                    state.isCollecting = false
                    return nil
                }
                guard !state.isDue else { return .zero }
                return max(.zero, .seconds(state.lastJoin - moment) + quiet)
            }
            guard let wait else { return false }
            if wait <= .microseconds(1) { return true }
            let nap = Task { try await sleep(wait) }
            let isAwake = state.withLock { state in
                if state.isDue || state.end != nil { return true }
                state.nap = nap
                return false
            }
            if isAwake { nap.cancel() }
            _ = await nap.result
            state.withLock { $0.nap = nil }
        }
    }

    /// Takes as many rows from the line as a batch may have.
    func take() -> [BatchRow] {
        state.withLock { state in
            state.isOverdue = false
            var bytes = 0
            var rows: [BatchRow] = []
            for key in state.line {
                guard rows.count < state.maxRows, let row = state.entries[key]?.row else { break }
                bytes += row.parcel.body.count
                guard rows.isEmpty || bytes <= state.maxBytes else { break }
                rows.append(row)
            }
            state.leave(Set(rows.map(\.key)))
            for row in rows { state.entries[row.key]?.isInLine = false }
            return rows
        }
    }

    /// Puts rows back to the line's head that have been taken and cannot go now; those that nobody wants are dropped.
    func putBack(_ rows: [BatchRow]) {
        state.withLock { state in
            var keys: [ItemKey] = []
            for row in rows {
                guard state.end == nil, state.entries[row.key]?.waiting.isEmpty == false else {
                    state.entries[row.key] = nil
                    continue
                }
                state.entries[row.key]?.isInLine = true
                state.lineBytes += row.parcel.body.count
                keys.append(row.key)
            }
            state.line.insert(contentsOf: keys, at: 0)
            if !keys.isEmpty { state.isOverdue = true }
        }
    }

    /// Takes no more bytes into a batch than fit.
    func shrink(to bytes: Int) { state.withLock { $0.maxBytes = min($0.maxBytes, max(1, bytes)) } }

    // MARK: - Answering

    /// Takes over rows that are under way since an earlier process.
    func adopt(_ rows: [BatchRow]) {
        state.withLock { state in
            for row in rows { state.entries[row.key] = Entry(row: row, isInLine: false) }
        }
    }

    /// Tells everybody what came of rows; a reply that nobody waits for is kept until somebody asks.
    func finish(_ ends: [(ItemKey, Result<RowEnd, any Error>)]) {
        let resumed = state.withLock { state in
            var resumed: [(Continuation, Result<RowEnd, any Error>)] = []
            for (key, result) in ends {
                guard let entry = state.entries.removeValue(forKey: key) else { continue }
                if entry.waiting.isEmpty, case .success(let end) = result,
                    case .reply(let reply) = end.outcome
                {
                    state.unclaimed[key] = reply
                }
                var own = result
                for (_, continuation) in entry.waiting.sorted(by: { $0.key < $1.key }) {
                    resumed.append((continuation, own))
                    // Booked once, whoever else waits for it.
                    own = own.map(\.withoutCharge)
                }
            }
            return resumed
        }
        for (continuation, result) in resumed { continuation.resume(with: result) }
    }

    /// Ends everything: nothing is collected any more, and nobody waits.
    func close(_ error: any Error) {
        let (resumed, nap) = state.withLock { state in
            if state.end == nil { state.end = error }
            let resumed = state.entries.values.flatMap(\.waiting.values)
            for key in state.entries.keys { state.entries[key]?.waiting = [:] }
            return (resumed, state.nap)
        }
        nap?.cancel()
        for continuation in resumed { continuation.resume(throwing: error) }
    }
}

extension RowEnd {
    /// The same for somebody who does not pay.
    fileprivate var withoutCharge: RowEnd {
        guard case .reply(var reply) = outcome else { return RowEnd(outcome: outcome) }
        reply.charge = Charge(tokens: 0, cost: reply.charge.cost.map { _ in 0 })
        return RowEnd(outcome: .reply(reply))
    }
}
