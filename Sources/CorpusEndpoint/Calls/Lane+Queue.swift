import CorpusKit
import Synchronization

/// The looks at a server's own count of waiting requests.
struct QueueWatch: Sendable {
    /// Whether looks are wanted; the model was asked for once, so that the server may be asked beside the calls.
    var isWanted = false
    /// Whether the server has no such count.
    var isHopeless = false
    var task: Task<Void, Never>?
}

extension Lane {
    /// What a look at the server's count brought.
    private enum Look {
        case queue(AdaptiveLimit.Queue)
        /// The server keeps none, or shows it to nobody.
        case nothing
        /// It could not be asked now.
        case missed
    }

    /// Looks at the server's own count of waiting requests from time to time, where the limit is found by us and the
    /// server publishes one.
    func watch() {
        guard case .auto = configuration.mode else { return }
        watching.withLock { watch in
            watch.isWanted = true
            startLooking(&watch)
        }
    }

    /// Looks again where looks had ended because the server could not be asked; it answers calls now.
    func watchAgain() {
        watching.withLock { watch in
            if watch.isWanted { startLooking(&watch) }
        }
    }

    /// Ends the looks.
    func stopWatching() {
        watching.withLock { watch in
            watch.isHopeless = true
            watch.task?.cancel()
        }
    }

    private func startLooking(_ watch: inout QueueWatch) {
        guard watch.task == nil, !watch.isHopeless else { return }
        watch.task = Task { [weak self, shared] in
            var misses = 0
            while let look = await self?.look() {
                switch look {
                case .queue(let queue):
                    misses = 0
                    self?.desk.observe(queue)
                case .nothing:
                    self?.endLooking(forGood: true)
                    return
                case .missed:
                    misses += 1
                    // What was seen last says nothing any more.
                    self?.desk.observe(nil)
                    guard misses < Self.missesInARow else {
                        self?.endLooking(forGood: false)
                        return
                    }
                }
                // Twice as long after each miss.
                let wait = Duration.seconds(2 << misses)
                guard (try? await shared.sleep(wait)) != nil else { return }
            }
        }
    }

    /// A restart takes a server some minutes.
    private static let missesInARow = 6

    private func endLooking(forGood: Bool) {
        desk.observe(nil)
        watching.withLock { watch in
            watch.task = nil
            if forGood { watch.isHopeless = true }
        }
    }

    private func look() async -> Look {
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
        switch await shared.engine.send(request) {
        case .success(let answer) where answer.status == 200:
            return QueueGauge.read(answer.body).map(Look.queue) ?? .nothing
        case .success(let answer):
            let status = answer.status
            let passes = status >= 500 && status != 501 || [408, 425, 429].contains(status)
            return passes ? .missed : .nothing
        case .failure(let failure): return failure.kind == .tooLarge ? .nothing : .missed
        }
    }
}
