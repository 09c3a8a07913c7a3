import CorpusKit
import TestSupport
import Testing

@testable import CorpusCommands

@Suite("Local model gate", .timeLimit(.minutes(5)))
struct LocalModelGateTests {
    private static let address = "http://127.0.0.1:1"

    /// A server that answers at once.
    private static func instant() -> LocalModelGate { LocalModelGate { _, _, body in await body(address) } }

    @Test(
        "Whoever asks gets the address, however asking, opening and closing fall together",
        arguments: 0..<300
    )
    func race(round: Int) async {
        let gate = Self.instant()
        let addresses = await withTaskGroup(of: String?.self) { group in
            group.addTask {
                await gate.keep()
                return nil
            }
            for _ in 0..<3 { group.addTask { try? await gate.address(of: "m", slots: 1) } }
            var addresses: [String] = []
            for _ in 0..<3 { if let address = await group.next() ?? nil { addresses.append(address) } }
            gate.close()
            return addresses
        }
        #expect(addresses == Array(repeating: Self.address, count: 3))
    }

    @Test("Closing at any moment lets everybody go", arguments: 0..<300)
    func closing(round: Int) async {
        let gate = Self.instant()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await gate.keep() }
            group.addTask { _ = try? await gate.address(of: "m", slots: 1) }
            group.addTask { gate.close() }
        }
    }

    @Test("A gate that nobody asks is closed without a server")
    func unused() async {
        let gate = LocalModelGate { _, _, _ in Issue.record("a server was started") }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await gate.keep() }
            gate.close()
        }
    }

    @Test("A server that cannot be started is told to everybody and stops the run")
    func failure() async {
        let gate = LocalModelGate { _, _, _ in throw WorkFailure("local-model", "no luck", hint: "try again")
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await gate.keep() }
            for _ in 0..<2 {
                group.addTask {
                    let found = await #expect(throws: WorkFailure.self) {
                        try await gate.address(of: "m", slots: 1)
                    }
                    #expect(
                        found == WorkFailure("local-model", "no luck", hint: "try again", stopsRun: true)
                    )
                }
            }
        }
    }

    @Test("Draining sends those away who wait for the server, and none that has it")
    func drain() async throws {
        let (started, ready) = (Latch(), Latch())
        let slow = LocalModelGate { _, _, body in
            started.open()
            await apart { ready.pass() }
            await body(Self.address)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await slow.keep() }
            group.addTask {
                await #expect(throws: CancellationError.self) { try await slow.address(of: "m", slots: 1) }
            }
            await apart { started.pass() }
            slow.drain()
            ready.open()
        }

        let open = Self.instant()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await open.keep() }
            let before = try? await open.address(of: "m", slots: 1)
            open.drain()
            let after = try? await open.address(of: "m", slots: 1)
            open.close()
            #expect(before == Self.address && after == Self.address)
        }
    }
}
