import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Choice between endpoints")
struct LanePickerTests {
    private func shares(_ weights: [Double]) -> [Double] {
        let picker = LanePicker(weights.enumerated().map { ("http://host-\($0).example/v1", $1) })
        let candidates = weights.indices.map { LanePicker.Candidate(index: $0) }
        var counts = weights.map { _ in 0.0 }
        for number in 0..<20_000 {
            let prefix = LanePicker.prefix(of: request("prompt \(number)"))
            if let index = picker.pick(prefix, among: candidates) { counts[index] += 1 }
        }
        return counts.map { $0 / 20_000 }
    }

    @Test("Prompts spread as the weights say", arguments: [[1, 1], [2, 1], [1, 3, 6], [0.01, 0.99]])
    func weights(weights: [Double]) {
        let sum = weights.reduce(0, +)
        for (share, weight) in zip(shares(weights), weights) {
            #expect(abs(share - weight / sum) < 0.015)
        }
    }

    @Test("Prompts that begin alike go to one endpoint, and stay when another one goes away")
    func stickiness() {
        let picker = LanePicker((0..<4).map { ("http://host-\($0).example/v1", 1) })
        let all = (0..<4).map { LanePicker.Candidate(index: $0) }
        let beginning = String(repeating: "You are a careful programmer. ", count: 40)
        var moved = 0
        for number in 0..<200 {
            let prefix = LanePicker.prefix(of: request("\(number) \(beginning) \(number)"))
            let twin = LanePicker.prefix(of: request("\(number) \(beginning) something else"))
            let first = picker.pick(prefix, among: all)
            #expect(picker.pick(twin, among: all) == first)
            var fewer = all
            fewer[3].isWell = false
            let second = picker.pick(prefix, among: fewer)
            if first != 3 { #expect(second == first) } else { moved += 1 }
        }
        #expect(moved > 20)
    }

    @Test("Raw prompts spread and stick as turns do")
    func rawPrompts() {
        let beginnings = (0..<50).map { "\($0) " + String(repeating: "x", count: 1024) }
        func prefix(_ prompt: String) -> UInt64 {
            LanePicker.prefix(of: ModelRequest(model: "teacher", prompt: prompt, sampling: Sampling()))
        }
        #expect(Set(beginnings.map(prefix)).count == 50)
        #expect(beginnings.allSatisfy { prefix($0) == prefix($0 + "end") })
    }

    @Test("A free place counts more than the cache, and an untried endpoint more than both")
    func order() {
        let picker = LanePicker([("a", 1000), ("b", 1)])
        let prefix = LanePicker.prefix(of: request())
        func pick(_ change: (inout [LanePicker.Candidate]) -> Void) -> Int? {
            var candidates = [LanePicker.Candidate(index: 0), LanePicker.Candidate(index: 1)]
            change(&candidates)
            return picker.pick(prefix, among: candidates)
        }
        #expect(pick { _ in } == 0)
        #expect(pick { $0[0].isFree = false } == 1)
        #expect(pick { $0[0].wasTried = true } == 1)
        #expect(pick { ($0[0].wasTried, $0[1].isFree) = (true, false) } == 1)
        #expect(pick { $0[0].isWell = false } == 1)
        #expect(pick { ($0[0].isWell, $0[1].isWell) = (false, false) } == nil)
    }

    @Test("An endpoint rests longer each time, and one trial brings it back")
    func health() {
        let health = LaneHealth()
        let failure = CallFailure(.again(after: nil), .transport, "")
        #expect(health.ended(.failed, now: 0) == nil)
        #expect(health.ended(.failed, now: 0) == nil)
        #expect(health.wait(now: 0) == 0)
        #expect(health.ended(.failed, now: 0) == .rests)
        #expect(health.wait(now: 0) == 1)
        #expect(!health.begin(now: 0.5))
        #expect(health.begin(now: 1))
        #expect(!health.begin(now: 1))
        #expect((health.wait(now: 1) ?? 0) > 0)
        #expect(health.ended(.failed, now: 2) == nil)
        #expect(health.wait(now: 2) == 2)
        #expect(health.begin(now: 4))
        #expect(health.ended(.alive, now: 4) == .returns)
        #expect(health.wait(now: 4) == 0)
        #expect(health.ended(.alive, now: 4) == nil)
        #expect(health.retire(failure))
        #expect(!health.retire(failure))
        #expect(health.ended(.alive, now: 5) == nil)
        #expect(health.wait(now: 1e9) == nil && health.end == failure)
    }

    @Test(
        "Whatever a trial comes to, the next call need not wait for it",
        arguments: [(LaneHealth.End.alive, 0.0), (.overloaded, 0), (.unknown, 0), (.failed, 2)]
    )
    func trials(end: LaneHealth.End, wait: Double) {
        let health = LaneHealth()
        health.rest(now: 0)
        #expect(health.begin(now: 1))
        _ = health.ended(end, now: 1)
        #expect(health.wait(now: 1) == wait)
    }

    @Test("Only a long row of calls that were turned away makes an endpoint rest")
    func overload() {
        let health = LaneHealth()
        for _ in 0..<11 { #expect(health.ended(.overloaded, now: 0) == nil) }
        #expect(health.ended(.alive, now: 0) == nil)
        for _ in 0..<11 { #expect(health.ended(.overloaded, now: 0) == nil) }
        #expect(health.ended(.overloaded, now: 0) == .rests)
    }

    @Test("Some failures in a row make an endpoint rest, not failures here and there")
    func failuresInARow() {
        let health = LaneHealth()
        for _ in 0..<10 {
            _ = health.ended(.failed, now: 0)
            _ = health.ended(.failed, now: 0)
            _ = health.ended(.alive, now: 0)
        }
        #expect(health.wait(now: 0) == 0)
    }

    @Test("Slow calls are those beyond the share, once enough are known")
    func slowCalls() {
        let slow = SlowCalls(share: 0.05)
        for number in 1...49 { slow.note(Double(number)) }
        #expect(slow.bound == nil)
        for number in 50...200 { slow.note(Double(number)) }
        #expect(abs((slow.bound ?? 0) - 180) < 20)
        let allowed = (0..<100).count { _ in slow.mayHedge() }
        #expect(allowed == 11)
        #expect(SlowCalls(share: 0).bound == nil)
    }
}
