internal import CCurlShim

/// The engine's thread: the only one that touches libcurl's handles, the wake-up aside.
///
/// Unchecked: it is handed to its thread once and used there alone.
@safe
final class TransferLoop: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer
    private let inbox: TransferInbox
    private var active: [UInt64: Transfer] = [:]
    /// Easy handles at rest; connections and TLS sessions belong to the multi handle, so a reset loses
    /// nothing.
    private var resting: [UnsafeMutableRawPointer] = unsafe []
    private var shortestIdle = Duration.seconds(4)
    private var nextSweep = ContinuousClock.now

    init(multi: UnsafeMutableRawPointer, inbox: TransferInbox) {
        unsafe self.multi = multi
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
            var running: Int32 = 0
            unsafe curl_multi_perform(multi, &running)
            finishDone()
            abortIdle()
            let patience = active.isEmpty ? Duration.seconds(60) : sweepInterval
            unsafe curl_multi_poll(multi, nil, 0, Int32(patience.milliseconds), nil)
        }
        for number in active.keys.sorted() { abort(number, .stopped) }
        while let handle = unsafe resting.popLast() { unsafe curl_easy_cleanup(handle) }
        inbox.close()
        unsafe curl_multi_cleanup(multi)
    }

    private func start(_ transfer: Transfer) {
        guard let handle = unsafe resting.popLast() ?? curl_easy_init() else {
            return transfer.fail(.other(Int32(bitPattern: CURLE_OUT_OF_MEMORY.rawValue)), wasSent: false)
        }
        unsafe transfer.handle = handle
        guard unsafe transfer.prepare(handle), unsafe curl_multi_add_handle(multi, handle) == CURLM_OK else {
            rest(transfer)
            return transfer.fail(.other(Int32(bitPattern: CURLE_FAILED_INIT.rawValue)), wasSent: false)
        }
        active[transfer.number] = transfer
        shortestIdle = min(shortestIdle, transfer.request.shortestWatch)
    }

    private func finishDone() {
        var number: UInt64 = 0
        var code = CURLE_OK
        while let handle = unsafe corpus_curl_next_done(multi, &number, &code) {
            let facts = unsafe corpus_curl_facts(handle)
            guard let transfer = active.removeValue(forKey: number) else { continue }
            unsafe curl_multi_remove_handle(multi, handle)
            rest(transfer)
            transfer.finish(code, facts)
        }
    }

    private func abort(_ number: UInt64, _ kind: TransportFailure.Kind) {
        guard let transfer = active.removeValue(forKey: number), let handle = unsafe transfer.handle else {
            return
        }
        let facts = unsafe corpus_curl_facts(handle)
        unsafe curl_multi_remove_handle(multi, handle)
        rest(transfer)
        transfer.fail(kind, wasSent: facts.was_sent)
    }

    private func rest(_ transfer: Transfer) {
        guard let handle = unsafe transfer.handle else { return }
        unsafe transfer.handle = nil
        if unsafe resting.count < 512 {
            unsafe curl_easy_reset(handle)
            unsafe resting.append(handle)
        } else {
            unsafe curl_easy_cleanup(handle)
        }
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
