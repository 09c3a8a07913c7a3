internal import CCurlShim

/// An easy handle of libcurl, used for one transfer after the other.
///
/// What a transfer has in common with the one before it is not said again. Connections and TLS sessions belong to the loop,
/// and the body of a transfer that is over is let go.
@safe
final class TransferHandle {
    let pointer: UnsafeMutableRawPointer
    /// Where it is aimed.
    private var url = ""
    private var headers: [String] = []
    private var limits: HTTPRequest.Limits?
    private var bypassesProxies = false
    private var headerList: UnsafeMutablePointer<curl_slist>?

    /// Makes a handle; nil when memory is short.
    init?(of loop: OpaquePointer) {
        let callbacks = unsafe CorpusCurlCallbacks(
            on_send: { context, _, _, _, _ in
                guard let context = unsafe context else { return CURL_PREREQFUNC_ABORT }
                let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.maySend() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
            },
            on_header: { bytes, size, count, context in
                unsafe TransferHandle.pass(bytes, size &* count, context) { transfer, piece in
                    unsafe transfer.takeHeader(piece)
                }
            },
            on_body: { bytes, size, count, context in
                unsafe TransferHandle.pass(bytes, size &* count, context) { transfer, piece in
                    unsafe transfer.takeBody(piece)
                }
            }
        )
        guard let pointer = unsafe corpus_curl_handle(loop, callbacks) else { return nil }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(headerList)
    }

    /// Hands a piece to the transfer; libcurl ends the exchange when the answer is not the piece's size.
    private static func pass(
        _ bytes: UnsafeMutablePointer<CChar>?,
        _ count: Int,
        _ context: UnsafeMutableRawPointer?,
        to take: (Transfer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let context = unsafe context else { return count == 0 ? 1 : 0 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        let taken = unsafe take(transfer, UnsafeRawBufferPointer(start: bytes, count: count))
        return taken ? count : (count == 0 ? 1 : 0)
    }

    /// Gets ready for a transfer, which must outlive the handle's work.
    ///
    /// - Returns: Whether it is ready.
    func load(_ transfer: Transfer) -> Bool {
        let request = transfer.request
        guard aim(at: request) else { return false }
        var plain = unsafe CorpusCurlRequest(
            body: nil,
            body_bytes: Int64(request.body?.count ?? 0),
            needs_fresh_connection: request.isSentOnce,
            number: transfer.number,
            context: Unmanaged.passUnretained(transfer).toOpaque()
        )
        guard let body = request.body else { return unsafe corpus_curl_load(pointer, &plain) == CURLE_OK }
        // An empty body is posted as well: the pointer must not be nil.
        return unsafe (body.isEmpty ? [0] : body).withUnsafeBytes { bytes in
            unsafe plain.body = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            return unsafe corpus_curl_load(pointer, &plain) == CURLE_OK
        }
    }

    private func aim(at request: HTTPRequest) -> Bool {
        if limits == request.limits, bypassesProxies == request.bypassesProxies, url == request.url,
            headers == request.headers
        {
            return true
        }
        // Not aimed at anything until all of it is said.
        limits = nil
        var list: UnsafeMutablePointer<curl_slist>?
        for line in request.headers {
            guard let longer = unsafe curl_slist_append(list, line) else {
                unsafe curl_slist_free_all(list)
                return false
            }
            unsafe list = longer
        }
        let isAimed = unsafe request.url.withCString { url in
            var aim = unsafe CorpusCurlAim(
                url: url,
                headers: list,
                connect_milliseconds: max(1, request.limits.connect.milliseconds),
                total_milliseconds: max(1, request.limits.total.milliseconds),
                reply_bytes_limit: Int64(request.limits.replyBytes),
                bypasses_proxies: request.bypassesProxies
            )
            return unsafe corpus_curl_aim(pointer, &aim) == CURLE_OK
        }
        // The one before may still be the handle's when it did not take this one.
        if isAimed { unsafe curl_slist_free_all(headerList) }
        unsafe headerList = list
        guard isAimed else { return false }
        (url, headers) = (request.url, request.headers)
        (limits, bypassesProxies) = (request.limits, request.bypassesProxies)
        return true
    }

    /// Lets go of a transfer that is over.
    func unload() { unsafe corpus_curl_unload(pointer) }
}
