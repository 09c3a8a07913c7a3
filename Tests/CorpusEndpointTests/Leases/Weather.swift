import CorpusKit
import Foundation

@testable import CorpusEndpoint

/// A server in a computer's head: draws how long calls take, queues or refuses what it cannot work on, and drives a
/// limit as a client would who always has more to ask.
struct Weather {
    /// How many calls it works on at a moment.
    var capacity: @Sendable (Double) -> Int = { _ in .max }
    /// The median of what a call takes, in seconds, at a moment; spread as a log-normal with this sigma.
    var median: @Sendable (Double) -> Double = { _ in 1 }
    var sigma = 0.5
    /// Whether it refuses at once what it cannot work on; otherwise it queues.
    var refuses = false
    /// The share of calls that it refuses for reasons of its own.
    var storm = 0.0
    /// Whether it tells of its queue.
    var tells = false

    /// What came of a stretch of time.
    struct Account {
        var throughput = 0.0
        var latency = 0.0
        var limit = 0
    }

    private struct Call {
        var end: Double
        var start: Double
        var isRefused: Bool
    }

    /// Lets a limit work and says what came of each stretch.
    func run(_ mode: AdaptiveLimit.Mode, until times: [Double], seed: Int = 1) -> [Account] {
        var random = RandomStream(seed: seed, purpose: ["weather"])
        var limit = AdaptiveLimit(mode, now: 0)
        var (now, inFlight, working) = (0.0, 0, 0)
        var calls = Heap()
        var queue: [Double] = []
        var accounts: [Account] = []
        var account = Account()
        var (served, begun) = (0, 0.0)

        func seconds() -> Double {
            let normal = (-2 * log(max(random.unit(), 1e-300))).squareRoot() * cos(2 * .pi * random.unit())
            return median(now) * exp(sigma * normal)
        }
        func work(_ start: Double) {
            working += 1
            calls.push(Call(end: now + seconds(), start: start, isRefused: false))
        }
        func send() {
            inFlight += 1
            if random.unit() < storm || refuses && working >= capacity(now) {
                calls.push(Call(end: now + 0.002, start: now, isRefused: true))
            } else if working < capacity(now) {
                work(now)
            } else {
                queue.append(now)
            }
        }
        for time in times {
            (served, begun, account) = (0, now, Account())
            while now < time {
                while inFlight < limit.limit { send() }
                let call = calls.pop()
                now = call.end
                if !call.isRefused {
                    working -= 1
                    served += 1
                    account.latency += now - call.start
                    while !queue.isEmpty, working < capacity(now) { work(queue.removeFirst()) }
                }
                if tells { limit.observe(.init(running: working, waiting: queue.count)) }
                limit.ended(
                    call.isRefused ? .refused : .served,
                    start: call.start,
                    now: now,
                    inFlight: inFlight
                )
                inFlight -= 1
            }
            account.throughput = Double(served) / (now - begun)
            account.latency /= Double(max(1, served))
            account.limit = limit.limit
            accounts.append(account)
        }
        return accounts
    }

    /// The calls by their end.
    private struct Heap {
        private var calls: [Call] = []

        mutating func push(_ call: Call) {
            calls.append(call)
            var place = calls.count - 1
            while place > 0, calls[place].end < calls[(place - 1) / 2].end {
                calls.swapAt(place, (place - 1) / 2)
                place = (place - 1) / 2
            }
        }

        mutating func pop() -> Call {
            calls.swapAt(0, calls.count - 1)
            let first = calls.removeLast()
            var place = 0
            while let least = [2 * place + 1, 2 * place + 2].filter({ $0 < calls.count }).min(by: {
                calls[$0].end < calls[$1].end
            }), calls[least].end < calls[place].end {
                calls.swapAt(place, least)
                place = least
            }
            return first
        }
    }
}
