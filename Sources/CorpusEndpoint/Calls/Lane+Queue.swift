import CorpusKit
import Synchronization

extension Lane {
    /// Looks at the server's own count of waiting requests from time to time, where the limit is found by us and the
    /// server publishes one.
    func watch() {
        guard case .auto = configuration.mode else { return }
        watching.withLock { task in
            guard task == nil else { return }
            task = Task { [weak self, shared] in
                // A server without such a count is asked once.
                while let queue = await self?.queue() {
                    self?.desk.observe(queue)
                    guard (try? await shared.sleep(.seconds(2))) != nil else { return }
                }
                self?.desk.observe(nil)
            }
        }
    }

    /// Ends the looks.
    func stopWatching() { watching.withLock { $0?.cancel() } }

    /// What the server says about its queue; nil when it says nothing.
    private func queue() async -> AdaptiveLimit.Queue? {
        // The page lies beside the API, and no key is shown to it.
        var base = address.display[...]
        if let slash = base.lastIndex(of: "/"), base[slash...].wholeMatch(of: /\/v\d\w*/) != nil {
            base = base[..<slash]
        }
        let request = HTTPRequest(
            url: base + "/metrics",
            body: nil,
            headers: ["Accept: text/plain", "User-Agent: corpusmith"],
            limits: HTTPRequest.Limits(connect: .seconds(5), total: .seconds(5), replyBytes: 4 << 20),
            bypassesProxies: address.isLoopback
        )
        guard case .success(let answer) = await shared.engine.send(request), answer.status == 200 else {
            return nil
        }
        return QueueGauge.read(answer.body)
    }
}
