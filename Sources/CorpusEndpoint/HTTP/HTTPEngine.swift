internal import CCurlShim
import Foundation

/// HTTP exchanges, many at once, on one thread.
///
/// Connections are kept and reused, also by different models; their number is bounded. The engine knows
/// nothing of models and never retries.
@safe
final class HTTPEngine: Sendable {
    private static let isStarted = corpus_curl_start()

    private let inbox: TransferInbox

    /// Starts the engine's thread.
    ///
    /// - Parameter connections: The most connections at once; exchanges beyond that wait for one, and the
    ///   wait counts towards their limits.
    init(connections: Int) {
        Self.makeRoom(for: connections)
        guard Self.isStarted, let curl = unsafe corpus_curl_open(max(1, connections)) else {
            preconditionFailure("libcurl cannot start")
        }
        let inbox = unsafe TransferInbox(waking: curl)
        let loop = unsafe TransferLoop(curl, inbox: inbox)
        let thread = Thread { loop.run() }
        thread.name = "corpusmith-http"
        thread.start()
        self.inbox = inbox
    }

    /// Raises the soft limit on open files when so many connections would not fit below it.
    private static func makeRoom(for connections: Int) {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let wanted = rlim_t(connections + 256)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    deinit { inbox.stop() }

    /// Sends a request and waits for the whole reply, whatever its status.
    ///
    /// Cancelling the caller aborts the exchange.
    func send(_ request: HTTPRequest) async -> Result<HTTPReply, TransportFailure> {
        let number = inbox.draw()
        return await withTaskCancellationHandler {
            // Each transfer ends once, whatever happens: tests look after that, and the check would cost as much as the lock.
            await unsafe withUnsafeContinuation { continuation in
                unsafe inbox.submit(
                    Transfer(number: number, request: request, continuation: continuation)
                )
            }
        } onCancel: {
            inbox.cancel(number)
        }
    }

    /// Aborts what is under way, closes all connections and waits for the thread's end; safe to call again.
    func shutdown() async {
        inbox.stop()
        await inbox.ended()
    }
}
