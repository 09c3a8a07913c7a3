internal import CCurlShim

/// The engine's thread: the only one that touches libcurl's handles, the wake-up aside.
///
/// Unchecked: it is handed to its thread once and used there alone.
@safe
final class TransferLoop: @unchecked Sendable {
    private let loop: OpaquePointer
    private let inbox: TransferInbox
    private var active: [UInt64: Transfer] = [:]
    /// Handles at rest.
    private var resting: [TransferHandle] = []
    private var shortestIdle = Duration.seconds(4)
    private var nextSweep = ContinuousClock.now

    init(_ loop: OpaquePointer, inbox: TransferInbox) {
        unsafe self.loop = loop
        self.inbox = inbox
    }

    /// Works until the inbox says stop; every transfer has ended then and the handles are closed.
    func run() {
        corpus_curl_shield_thread()
        while true {
            let batch = inbox.take()
            for transfer in batch.new { start(transfer) }
            for number in batch.cancelled { abort(number, .cancelled) }
            if batch.stops { break }
            let patience = active.isEmpty ? Duration.seconds(60) : sweepInterval
            unsafe corpus_curl_turn(loop, Int64(patience.milliseconds))
            finishDone()
            abortIdle()
        }
        for number in active.keys.sorted() { abort(number, .stopped) }
        resting = []
        inbox.close()
        unsafe corpus_curl_close(loop)
    }

    private func start(_ transfer: Transfer) {
        guard let handle = unsafe resting.popLast() ?? TransferHandle(of: loop) else {
            return transfer.fail(.other(Int32(bitPattern: CURLE_OUT_OF_MEMORY.rawValue)), wasSent: false)
        }
        guard transfer.begin(with: handle), unsafe corpus_curl_add(loop, handle.pointer) == CURLM_OK else {
            rest(transfer)
            return transfer.fail(.other(Int32(bitPattern: CURLE_FAILED_INIT.rawValue)), wasSent: false)
        }
        active[transfer.number] = transfer
        shortestIdle = min(shortestIdle, transfer.request.shortestWatch)
    }

    private func finishDone() {
        var number: UInt64 = 0
        var code = CURLE_OK
        while let handle = unsafe corpus_curl_next_done(loop, &number, &code) {
            let facts = unsafe corpus_curl_facts(handle)
            guard let transfer = active.removeValue(forKey: number) else { continue }
            unsafe corpus_curl_remove(loop, handle)
            rest(transfer)
            transfer.finish(code, facts)
        }
    }

    private func abort(_ number: UInt64, _ kind: TransportFailure.Kind) {
        guard let transfer = active.removeValue(forKey: number), let handle = transfer.handle else { return }
        let facts = unsafe corpus_curl_facts(handle.pointer)
        unsafe corpus_curl_remove(loop, handle.pointer)
        rest(transfer)
        transfer.fail(kind, wasSent: transfer.left(facts))
    }

    private func rest(_ transfer: Transfer) {
        guard let handle = transfer.handle else { return }
        transfer.handle = nil
        handle.unload()
        if resting.count < 512 { resting.append(handle) }
    }

    /// Often enough for the shortest limit, yet no look at every transfer on every turn.
    private var sweepInterval: Duration { max(.milliseconds(5), min(.seconds(1), shortestIdle / 4)) }

    private func abortIdle() {
        let now = ContinuousClock.now
        guard now >= nextSweep else { return }
        nextSweep = now + sweepInterval
        let late = active.values.compactMap { transfer in
            transfer.overdue(at: now).map { (transfer.number, $0) }
        }
        for (number, kind) in late { abort(number, kind) }
    }
}
