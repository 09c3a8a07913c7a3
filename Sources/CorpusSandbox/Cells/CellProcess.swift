import CSandbox
import CorpusKit
import Foundation
import Glibc

/// One running cell, owned by the loop's thread.
///
/// It ends in three steps: somebody decides (the program, a limit, the harness, the caller), the kernel confirms
/// that every process is gone, and what is left in the pipes is read. Only then does the caller hear of it.
final class CellProcess: WatchedCell {
    private enum Role: Int { case status = 10, spawned, inner }

    private enum Decision: Equatable { case stopped(CellOutcome.Stop), cancelled, fault(CellFault) }

    private let order: CellOrder
    private let launch: Launch
    private let pid: pid_t
    private let spawned: Descriptor
    private let bindsProcesses: Bool
    private var gate: Descriptor?
    private var status: Descriptor?
    private let streams: CellStreams
    private var inner: Descriptor?
    private var innerID: pid_t = 0
    private var isInnerGone = false
    private var waitStatus: Int32?
    private var decision: Decision?
    private var statusText: [UInt8] = []
    private var began: ContinuousClock.Instant?
    private var ended: ContinuousClock.Instant?
    private var deadline: ContinuousClock.Instant
    private var nextMeasure: ContinuousClock.Instant

    /// How long a cell may take to stand, and to go away once killed.
    private static let patience = Duration.seconds(20)
    private static let firstMeasure = Duration.milliseconds(20)
    private static let measurePeriod = Duration.milliseconds(10)
    private static let longestStatus = 4096

    /// Spawns a task, held at the gate.
    init(order: CellOrder, launcher: any CellLauncher, bindsProcesses: Bool) throws(CellFault) {
        let task = order.task
        let launch = try launcher.launch(of: task)
        let (streams, status, gate) = (try CellStreams(task), try Pipe.outward(), try Pipe.inward())
        var places = streams.theirs
        while places.count < Launch.status { places.append(nil) }
        places += [status.writing, gate.reading] + launch.descriptors
        streams.handOver()

        self.order = order
        self.launch = launch
        self.bindsProcesses = bindsProcesses && launch.reportsStatus
        (self.streams, self.status, self.gate) = (streams, status.reading, gate.writing)
        let now = ContinuousClock.now
        (deadline, nextMeasure) = (now + Self.patience, now + Self.patience)
        pid = try Self.spawn(launch, with: places)
        do throws(CellFault) {
            spawned = try Descriptor.process(pid)
        } catch {
            csandbox_kill_group(pid)
            throw error
        }
        if !launch.reportsStatus { adopt(pid) }
    }

    private static func spawn(_ launch: Launch, with places: [Descriptor?]) throws(CellFault) -> pid_t {
        let environment = launch.environment.map { "\($0.name)=\($0.value)" }
        var strings: [CChar] = []
        for string in launch.arguments + environment { strings += string.utf8CString }
        let numbers = places.map { $0?.number ?? -1 }
        var pid: pid_t = 0
        let result = unsafe csandbox_spawn(
            strings,
            launch.arguments.count,
            environment.count,
            numbers,
            numbers.count,
            &pid
        )
        guard result == 0 else { throw CellFault("posix_spawn of \(launch.arguments[0])", error: -result) }
        return pid
    }
}

// MARK: - What the loop asks

extension CellProcess {
    var interests: [CellInterest] {
        var list = streams.interests.map { CellInterest($0.descriptor, $0.events, $0.role.rawValue) }
        func add(_ descriptor: Descriptor?, _ role: Role) {
            if let descriptor { list.append(CellInterest(descriptor, Int16(POLLIN), role.rawValue)) }
        }
        add(status, .status)
        if waitStatus == nil { add(spawned, .spawned) }
        if !isInnerGone { add(inner, .inner) }
        return list
    }

    /// When the cell wants to be looked at although nothing happened.
    var nextWake: ContinuousClock.Instant { min(deadline, nextMeasure) }

    func act(on role: Int, buffer: inout [UInt8]) {
        switch Role(rawValue: role) {
        case .status:
            switch status?.read(into: &buffer) {
            case .bytes(let bytes): readStatus(bytes)
            case .end: status = nil
            case .nothingYet, nil: break
            }
        case .spawned:
            var code: Int32 = 0
            if unsafe csandbox_collect(pid, &code) != 0 { waitStatus = code }
        case .inner: isInnerGone = true
        case nil:
            guard let role = CellStreams.Role(rawValue: role) else { return }
            streams.act(on: role, buffer: &buffer)
            if let wish = streams.wish { decide(.stopped(wish)) }
        }
    }

    /// Enforces the limits and, once nothing of the cell is left, tells the caller.
    ///
    /// - Returns: Whether the cell is over.
    func settle() -> Bool {
        if order.isCancelled { decide(.cancelled) }
        // The program ended by itself but left others behind: they go before the answer.
        if waitStatus != nil, !isInnerGone { kill() }
        if waitStatus != nil, isInnerGone || inner == nil {
            conclude()
            return true
        }
        let now = ContinuousClock.now
        if now >= deadline { expire(at: now) }
        if now >= nextMeasure { measure(at: now) }
        return false
    }
}

// MARK: - Start

extension CellProcess {
    private func readStatus(_ bytes: [UInt8]) {
        statusText += bytes.prefix(Self.longestStatus)
        guard inner == nil, let child = statusNumber("child-pid") else { return }
        adopt(pid_t(truncatingIfNeeded: child))
    }

    /// Limits the process that will become the program, and opens the gate.
    private func adopt(_ child: pid_t) {
        do throws(CellFault) {
            inner = try Descriptor.process(child)
            innerID = child
            var limits = csandbox_limits(task.limits)
            if !bindsProcesses { limits.processes = 0 }
            let result = unsafe csandbox_set_limits(child, &limits)
            guard result == 0 else { throw CellFault("prlimit", error: -result) }
        } catch {
            decide(.fault(error))
            return
        }
        let now = ContinuousClock.now
        began = now
        deadline = now + task.limits.wall
        nextMeasure = now + Self.firstMeasure
        _ = gate?.write([UInt8(ascii: "\n")])
        gate = nil
    }

    private var task: CellTask { order.task }

    /// A number among the status documents.
    private func statusNumber(_ name: String) -> Int? {
        for line in statusText.split(separator: UInt8(ascii: "\n")) {
            if let number = (try? JSONValue(parsing: line))?[name]?.whole { return number }
        }
        return nil
    }
}

// MARK: - End

extension CellProcess {
    /// Ends the cell; the first decision stands.
    private func decide(_ decision: Decision) {
        guard self.decision == nil else { return }
        self.decision = decision
        streams.stopHearing()
        ended = .now
        deadline = .now + Self.patience
        kill()
    }

    /// Kills everything in the cell: the death of the first process in its name space takes the others along.
    private func kill() {
        if let inner { csandbox_kill(inner.number) }
        if inner == nil || !launch.reportsStatus { csandbox_kill_group(pid) }
    }

    private func expire(at now: ContinuousClock.Instant) {
        if decision != nil {
            csandbox_kill_group(pid)
            deadline = now + Self.patience
        } else if began == nil {
            decide(.fault(CellFault("the cell did not stand after \(Self.patience)")))
        } else {
            decide(.stopped(.wall))
        }
    }

    private func measure(at now: ContinuousClock.Instant) {
        nextMeasure = now + Self.measurePeriod
        guard decision == nil else {
            nextMeasure = deadline
            return
        }
        var usage = csandbox_usage()
        guard unsafe csandbox_measure(innerID, &usage) == 0 else { return }
        let isTooLarge = usage.memory_kib > UInt64(task.limits.totalMemoryMiB) << 10
        let hasTooManyFiles = usage.inodes > UInt64(task.limits.temporaryFiles)
        let hasTooLargeFiles = usage.temporary_kib > UInt64(task.limits.temporaryMiB) << 10
        let isTooFull = launch.folder == nil && (hasTooManyFiles || hasTooLargeFiles)
        if isTooLarge || isTooFull { decide(.stopped(.memory)) }
    }

    private func conclude() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let finished = ended ?? .now
        while case .bytes(let bytes) = status?.read(into: &buffer) { readStatus(bytes) }
        streams.drain(&buffer)
        if decision == nil, let wish = streams.wish { decision = .stopped(wish) }
        if let folder = launch.folder { try? FileManager.default.removeItem(atPath: folder) }
        switch decision {
        case .cancelled: order.end(.failure(CancellationError()))
        case .fault(let fault): order.end(.failure(fault))
        case .stopped(let stop): deliver(.stopped(stop), at: finished)
        case nil:
            guard let code = exitCode else {
                let words = String(decoding: streams.errorBytes.prefix(200), as: UTF8.self)
                order.end(.failure(CellFault("the cell broke: \(words)")))
                return
            }
            deliver(.exited(code), at: finished)
        }
    }

    private func deliver(_ ending: CellOutcome.Ending, at finished: ContinuousClock.Instant) {
        order.end(.success(streams.outcome(ending, after: began.map { finished - $0 } ?? .zero)))
    }

    private var exitCode: Int? {
        guard !launch.reportsStatus else { return statusNumber("exit-code") }
        guard let waitStatus else { return nil }
        let signal = waitStatus & 0x7F
        return signal == 0 ? Int(waitStatus >> 8) & 0xFF : 128 + Int(signal)
    }
}
