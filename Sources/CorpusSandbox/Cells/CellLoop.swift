import CSandbox
import Foundation
import Glibc
import Synchronization

/// Runs cells: one thread spawns, watches and ends all of them.
///
/// A single poll loop keeps waiting away from Swift's cooperative threads, and, being the thread that all cells are
/// children of, takes them along if it dies. It gives up root for itself, and thereby for what it spawns.
final class CellLoop: CellBackend {
    let isolation: IsolationLevel
    private let core: Core

    /// Starts the thread for cells that are made for one task each; `width` is the most at a time, at least 1.
    convenience init(launcher: any CellLauncher, width: Int) throws(CellFault) {
        try self.init(launcher.isolation) { user in
            OneshotFloor(launcher: launcher, width: width, user: user)
        }
    }

    /// Starts the thread for cells that stay; `width` is the most at a time, at least 1.
    convenience init(keeper: KeeperProgram, width: Int) throws(CellFault) {
        try self.init(.full) { user in KeptFloor(keeper: keeper, width: width, user: user) }
    }

    private init(
        _ isolation: IsolationLevel,
        floor: @escaping @Sendable (_ user: Int) -> any CellFloor
    ) throws(CellFault) {
        self.isolation = isolation
        let core = try Core(floor: floor)
        self.core = core
        core.replies.start()
        let thread = Thread { core.serve() }
        thread.name = "cells"
        // Answers may nest as deep as the parser allows.
        thread.stackSize = 8 << 20
        thread.start()
    }

    deinit { core.close() }

    func outcome(of task: CellTask) async throws -> CellOutcome {
        let cancellation = CellOrder.Cancellation()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                core.take(
                    CellOrder(
                        task: task,
                        cancellation: cancellation,
                        replies: core.replies,
                        continuation: continuation
                    )
                )
            }
        } onCancel: {
            cancellation.isCancelled.store(true, ordering: .releasing)
            core.ring()
        }
    }
}

/// A task and who waits for it.
struct CellOrder: Sendable {
    let task: CellTask
    let cancellation: Cancellation
    fileprivate let replies: CellReplies
    fileprivate let continuation: CheckedContinuation<CellOutcome, any Error>

    final class Cancellation: Sendable {
        let isCancelled = Atomic(false)
    }

    var isCancelled: Bool { cancellation.isCancelled.load(ordering: .acquiring) }

    /// Tells who waits how the task ended; exactly once.
    func end(_ result: Result<CellOutcome, any Error>) {
        let continuation = continuation
        replies.send { continuation.resume(with: result) }
    }
}

/// What the loop's thread and its callers share.
private final class Core: Sendable {
    private struct Inbox {
        var orders: [CellOrder] = []
        var isClosed = false
    }

    private let inbox = Mutex(Inbox())
    private let bell: Descriptor
    let replies = CellReplies()
    private let floor: @Sendable (_ user: Int) -> any CellFloor

    init(floor: @escaping @Sendable (_ user: Int) -> any CellFloor) throws(CellFault) {
        bell = try Descriptor.bell()
        self.floor = floor
    }

    func take(_ order: CellOrder) {
        inbox.withLock { $0.orders.append(order) }
        ring()
    }

    func close() {
        inbox.withLock { $0.isClosed = true }
        ring()
    }

    func ring() { _ = bell.write([1, 0, 0, 0, 0, 0, 0, 0]) }

    /// The thread's body.
    func serve() {
        defer { replies.close() }
        csandbox_quiet_thread()
        let floor = floor(csandbox_leave_root())
        var waiting: [CellOrder] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let isClosed = inbox.withLock { inbox in
                waiting += inbox.orders
                inbox.orders = []
                return inbox.isClosed
            }
            waiting.removeAll { order in
                guard order.isCancelled else { return false }
                order.end(.failure(CancellationError()))
                return true
            }
            floor.start(&waiting)
            if isClosed, waiting.isEmpty, floor.isIdle { return }

            watch(floor.cells, buffer: &buffer)
            floor.settle()
        }
    }

    /// Waits until something happens to a cell, a deadline passes or the bell rings, and lets the cells act.
    private func watch(_ running: [any WatchedCell], buffer: inout [UInt8]) {
        var requests = [pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0)]
        var targets: [(cell: Int, role: Int)] = []
        var wake = ContinuousClock.now + .seconds(60)
        for (index, cell) in running.enumerated() {
            wake = min(wake, cell.nextWake)
            for interest in cell.interests {
                requests.append(pollfd(fd: interest.descriptor.number, events: interest.events, revents: 0))
                targets.append((index, interest.role))
            }
        }
        let wait = (wake - .now) / .milliseconds(1)
        let milliseconds = Int32(max(0, min(60_000, wait.rounded(.up))))
        let ready = unsafe requests.withUnsafeMutableBufferPointer { buffer in
            unsafe poll(buffer.baseAddress, nfds_t(buffer.count), milliseconds)
        }
        guard ready > 0 else { return }
        if requests[0].revents != 0 { _ = bell.read(into: &buffer) }
        for (request, target) in zip(requests.dropFirst(), targets) where request.revents != 0 {
            running[target.cell].act(on: target.role, buffer: &buffer)
        }
    }
}
