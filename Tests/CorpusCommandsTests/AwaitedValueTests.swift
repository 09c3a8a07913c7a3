import Foundation
import Synchronization
import TestSupport
import Testing

@testable import CorpusCommands

@Suite("Awaited value", .timeLimit(.minutes(5)))
struct AwaitedValueTests {
    @Test("A change that comes while somebody looks wakes them", arguments: 0..<50)
    func changeWhileLooking(round: Int) async {
        let value = AwaitedValue(0)
        let begun = Flags()
        Thread {
            begun.waitUntilLooking()
            begun.noteChange()
            value.change { $0 = 1 }
        }.start()

        // The first look ends only when the change is on its way: the two meet as closely as they can.
        let found = await value.value { current in
            begun.noteLook()
            begun.waitUntilChanging()
            return current == 1
        }

        #expect(found == 1)
    }

    @Test("What is awaited already is not waited for")
    func atOnce() async {
        let value = AwaitedValue(3)
        #expect(await value.value { $0 > 2 } == 3)
    }

    @Test("Everybody is woken who waits for the value, and nobody else")
    func several() async {
        let value = AwaitedValue(0)
        await withTaskGroup(of: Int.self) { group in
            for wanted in [1, 1, 1, 2] {
                group.addTask {
                    _ = await value.value { $0 >= wanted }
                    return wanted
                }
            }
            value.change { $0 = 1 }
            var first: [Int] = []
            for _ in 0..<3 { first.append(await group.next() ?? 0) }
            value.change { $0 = 2 }
            let last = await group.next()

            #expect(first == [1, 1, 1])
            #expect(last == 2)
        }
    }
}

/// Lets a look and a change wait for each other without a lock of their own.
private final class Flags: Sendable {
    private let isLooking = Atomic(false)
    private let isChanging = Atomic(false)

    func noteLook() { isLooking.store(true, ordering: .sequentiallyConsistent) }
    func noteChange() { isChanging.store(true, ordering: .sequentiallyConsistent) }
    func waitUntilLooking() { while !isLooking.load(ordering: .sequentiallyConsistent) { sched_yield() } }
    func waitUntilChanging() { while !isChanging.load(ordering: .sequentiallyConsistent) { sched_yield() } }
}
