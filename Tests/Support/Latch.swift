import Foundation

/// A gate that threads wait at until it is opened, once and for good.
package final class Latch: Sendable {
    private let gate = DispatchSemaphore(value: 0)

    package init() {}

    /// Lets everybody through, now and later.
    package func open() { gate.signal() }

    /// Waits until the gate is open; gives up after two minutes, so that a broken test ends.
    package func pass() {
        _ = gate.wait(timeout: .now() + 120)
        gate.signal()
    }
}
