import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Places", .timeLimit(.minutes(5)))
struct PlacesTests {
    @Test("No more calls run at once than there are places", arguments: [1, 3, 16])
    func width(width: Int) async throws {
        let places = Places(width)
        let running = Gauge()
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    try await places.withPlace {
                        running.add(1)
                        await Task.yield()
                        running.add(-1)
                    }
                }
            }
        }

        #expect(running.peak <= width)
        #expect(places.waiting == 0)
    }

    @Test("Who came first goes first")
    func fairness() async throws {
        let places = Places(1)
        let order = Trace()
        try await withThrowingDiscardingTaskGroup { group in
            try await places.withPlace {
                for number in 0..<20 {
                    group.addTask { try await places.withPlace { order.note(number) } }
                    await until { places.waiting > number }
                }
            }
        }

        #expect(order.notes == Array(0..<20))
    }

    @Test("A place that was handed on is not free as well")
    func handedOn() async throws {
        let places = Places(1)
        let running = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await places.withPlace {
                group.addTask {
                    try await places.withPlace {
                        running.add(1)
                        await withDiscardingTaskGroup { late in
                            late.addTask { try? await places.withPlace { running.add(1) } }
                            await until { places.waiting > 0 }
                            #expect(places.waiting == 1)
                            #expect(running.value == 1)
                            late.cancelAll()
                        }
                    }
                }
                await until { places.waiting > 0 }
            }
            try await group.waitForAll()
        }
    }

    @Test("A cancelled caller leaves the line, and its place is not lost")
    func cancellation() async throws {
        let places = Places(1)
        try await places.withPlace {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await places.withPlace {} }
                }
                await until { places.waiting > 0 }
                group.cancelAll()
            }
        }
        let entered = try await places.withPlace { true }

        #expect(entered)
        #expect(places.waiting == 0)
    }

    @Test("A call that throws gives its place back")
    func throwing() async throws {
        struct Trouble: Error {}
        let places = Places(1)
        await #expect(throws: Trouble.self) { try await places.withPlace { throw Trouble() } }
        let entered = try await places.withPlace { true }

        #expect(entered)
    }

    @Test("No places at all is a broken promise")
    func none() async {
        await #expect(processExitsWith: .failure) { _ = Places(0) }
    }

    @Test("The line keeps its order through any mix of joining, leaving and taking turns")
    func lineAgainstOracle() {
        var random = RandomStream(seed: 3, purpose: ["line"])
        var line = WaitingLine<Int>()
        var oracle: [UInt64] = []
        for _ in 0..<5000 {
            switch random.below(3) {
            case 0:
                let number = line.draw()
                line.join(number, Int(number))
                oracle.append(number)
            case 1:
                guard let number = random.pick(oracle) else { continue }
                #expect(line.leave(number) == Int(number))
                #expect(line.leave(number) == nil)
                oracle.removeAll { $0 == number }
            default:
                let expected = oracle.isEmpty ? nil : Int(oracle.removeFirst())
                #expect(line.first() == expected)
                #expect(line.removeFirst() == expected)
            }
            #expect(line.count == oracle.count)
        }
    }
}
