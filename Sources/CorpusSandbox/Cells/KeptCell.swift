import CSandbox
import CorpusKit
import Foundation
import Glibc

/// The program that keeps cells, `corpusmith-cell`, opened before the loop's thread gives up root.
struct KeeperProgram: Sendable {
    /// Where it lies.
    let path: String
    let descriptor: Descriptor

    init(path: String) throws(CellFault) {
        self.path = path
        descriptor = try Descriptor(unsafe csandbox_open_program(path), from: "open of \(path)")
    }

    /// Beside the running program.
    static let expectedPath: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return ((own as NSString).deletingLastPathComponent as NSString).appendingPathComponent(
            "corpusmith-cell"
        )
    }()
}

/// One cell that stays, owned by the loop's thread: walls that are made once, for one program after the other.
///
/// Between two programs its keeper kills what is left and puts a fresh file system at `/tmp`. Whatever surprises us ends
/// the cell: the next task gets a new one.
final class KeptCell: WatchedCell {
    /// What a cell is made for.
    struct Walls: Hashable {
        let binds: [String]
        let temporaryMiB: Int
        let temporaryFiles: Int

        init(of task: CellTask) {
            binds = task.binds
            temporaryMiB = task.limits.temporaryMiB
            temporaryFiles = task.limits.temporaryFiles
        }
    }

    private enum Role: Int { case line = 10 }

    private enum Decision: Equatable { case stopped(CellOutcome.Stop), cancelled }

    /// A task at work.
    private struct Work {
        let order: CellOrder
        let streams: CellStreams
        var decision: Decision?
    }

    let walls: Walls
    /// Nil once nothing more is to be had of it.
    private var line: Descriptor?
    private let pid: pid_t
    private let spawned: Descriptor
    private var isCollected = false
    private var isReady = false
    /// What waits for the cell to stand.
    private var next: CellOrder?
    private var work: Work?
    private var deadline: ContinuousClock.Instant
    private var tasksLeft = 5000

    /// How long a cell may take to stand, and to be clean again after a task's own time.
    private static let patience = Duration.seconds(20)

    init(_ walls: Walls, _ keeper: KeeperProgram) throws(CellFault) {
        self.walls = walls
        var ends: [Int32] = [-1, -1]
        let result = unsafe ends.withUnsafeMutableBufferPointer { unsafe csandbox_line($0.baseAddress) }
        guard result == 0 else { throw CellFault("socketpair", error: -result) }
        let (ours, theirs) = (
            try Descriptor(ends[0], from: "socketpair"), try Descriptor(ends[1], from: "socketpair")
        )
        let null = try Descriptor.null()
        let arguments =
            ["corpusmith-cell", "\(walls.temporaryMiB << 20)", "\(walls.temporaryFiles)"] + walls.binds
        let numbers = [null.number, null.number, null.number, theirs.number]
        var pid: pid_t = 0
        let spawning = unsafe csandbox_spawn_file(
            keeper.descriptor.number,
            arguments.flatMap(\.utf8CString),
            arguments.count,
            0,
            numbers,
            numbers.count,
            &pid
        )
        guard spawning == 0 else { throw CellFault("the start of \(keeper.path)", error: -spawning) }
        self.pid = pid
        line = ours
        deadline = .now + Self.patience
        do throws(CellFault) {
            spawned = try Descriptor.process(pid)
        } catch {
            csandbox_kill_group(pid)
            csandbox_await(pid)
            throw error
        }
    }

    deinit { close() }

    /// Whether a task is at work or waits for the cell to stand.
    var isAtWork: Bool { work != nil || next != nil }

    /// Whether it takes no more tasks.
    var isOver: Bool { line == nil || tasksLeft == 0 }

    /// Works on a task, now or as soon as the cell stands; only while it is not at work.
    func take(_ order: CellOrder) {
        next = order
        if isReady { begin() }
    }

    /// Ends the cell with everything in it.
    func close() {
        line = nil
        guard !isCollected else { return }
        isCollected = true
        csandbox_end_cell(spawned.number, pid)
    }

    // MARK: - What the loop asks

    var interests: [CellInterest] {
        var list =
            work?.streams.interests.map { CellInterest($0.descriptor, $0.events, $0.role.rawValue) } ?? []
        if let line { list.append(CellInterest(line, Int16(POLLIN), Role.line.rawValue)) }
        return list
    }

    var nextWake: ContinuousClock.Instant { isAtWork ? deadline : isOver ? .now : .now + .seconds(60) }

    func act(on role: Int, buffer: inout [UInt8]) {
        if Role(rawValue: role) == .line { return listen(&buffer) }
        guard let role = CellStreams.Role(rawValue: role), let streams = work?.streams else { return }
        streams.act(on: role, buffer: &buffer)
        if let wish = streams.wish { stop(.stopped(wish)) }
    }

    func settle() -> Bool {
        if next?.isCancelled == true, let order = next {
            next = nil
            order.end(.failure(CancellationError()))
        }
        if work?.order.isCancelled == true { stop(.cancelled) }
        if isAtWork, ContinuousClock.now >= deadline {
            let trouble = work == nil ? "stand" : "come to an end"
            fail(CellFault("the cell did not \(trouble) in \(Self.patience)"))
        }
        guard isOver, !isAtWork else { return false }
        close()
        return true
    }

    // MARK: - A task

    private func begin() {
        guard let order = next, let line else { return }
        next = nil
        let task = order.task
        do throws(CellFault) {
            let streams = try CellStreams(task)
            let (payload, stringBytes) = Self.payload(of: task)
            let file = try Descriptor.holding(payload)
            let descriptors = ([file] + streams.theirs.compactMap(\.self)).map(\.number)
            var job = Self.job(task, stringBytes, payload.count, descriptors.count - 1)
            let result = unsafe csandbox_send_job(line.number, &job, descriptors, descriptors.count)
            guard result == 0 else { throw CellFault("sendmsg", error: -result) }
            streams.handOver()
            work = Work(order: order, streams: streams)
            tasksLeft -= 1
            isReady = false
            deadline = .now + task.limits.wall + Self.patience
        } catch {
            order.end(.failure(error))
            close()
        }
    }

    private static func payload(of task: CellTask) -> (bytes: [UInt8], stringBytes: Int) {
        var bytes: [UInt8] = []
        func add(_ text: String) {
            bytes += text.utf8
            bytes.append(0)
        }
        for argument in task.command { add(argument) }
        for entry in task.environment { add("\(entry.name)=\(entry.value)") }
        for file in task.files {
            add(file.name)
            add("\(file.bytes.count)")
        }
        let stringBytes = bytes.count
        for file in task.files { bytes += file.bytes }
        return (bytes, stringBytes)
    }

    private static func job(
        _ task: CellTask,
        _ stringBytes: Int,
        _ payloadBytes: Int,
        _ descriptorCount: Int
    ) -> cell_job {
        let limits = task.limits
        return cell_job(
            message: CELL_JOB.rawValue,
            argument_count: UInt32(task.command.count),
            environment_count: UInt32(task.environment.count),
            file_count: UInt32(task.files.count),
            descriptor_count: UInt32(descriptorCount),
            unused: 0,
            string_bytes: UInt64(stringBytes),
            payload_bytes: UInt64(payloadBytes),
            wall_microseconds: UInt64(max(1, limits.wall / .microseconds(1))),
            total_memory_kib: UInt64(limits.totalMemoryMiB) << 10,
            limits: csandbox_limits(limits)
        )
    }

    /// Asks the keeper to end the task; the first decision stands.
    private func stop(_ decision: Decision) {
        guard work != nil, work?.decision == nil, let line else { return }
        work?.decision = decision
        work?.streams.stopHearing()
        // When it has ended by itself meanwhile, the keeper takes no notice.
        _ = csandbox_send_stop(line.number)
        deadline = .now + Self.patience
    }

    private func listen(_ buffer: inout [UInt8]) {
        guard let line else { return }
        switch line.read(into: &buffer) {
        case .nothingYet: break
        case .end: fail(CellFault("the cell is gone"))
        case .bytes(let bytes):
            guard bytes.count == MemoryLayout<cell_end>.size else {
                return fail(CellFault("the cell says what nobody understands"))
            }
            let end = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: cell_end.self) }
            hear(end, &buffer)
        }
    }

    private func hear(_ end: cell_end, _ buffer: inout [UInt8]) {
        switch end.message {
        case CELL_READY.rawValue:
            isReady = true
            begin()
        case CELL_ENDED.rawValue:
            isReady = true
            guard let work else { return fail(CellFault("the cell ended what it did not have")) }
            self.work = nil
            work.streams.drain(&buffer)
            deliver(end, work)
        default:
            let words = unsafe withUnsafeBytes(of: end.words) { unsafe $0.prefix { $0 != 0 } }
            fail(CellFault(unsafe String(decoding: words, as: UTF8.self)))
        }
    }

    private func deliver(_ end: cell_end, _ work: Work) {
        let decision = work.decision ?? work.streams.wish.map(Decision.stopped)
        let ending: CellOutcome.Ending
        switch (decision, end.stop) {
        case (.cancelled, _): return work.order.end(.failure(CancellationError()))
        case (.stopped(let stop), _): ending = .stopped(stop)
        case (nil, CELL_STOPPED_WALL.rawValue): ending = .stopped(.wall)
        case (nil, CELL_STOPPED_MEMORY.rawValue): ending = .stopped(.memory)
        case (nil, _):
            let signal = Int(end.status & 0x7F)
            ending = .exited(signal == 0 ? Int(end.status >> 8) & 0xFF : 128 + signal)
        }
        let elapsed = Duration.microseconds(Int64(clamping: end.wall_microseconds))
        work.order.end(.success(work.streams.outcome(ending, after: elapsed)))
    }

    /// Ends the cell, and with it what it has to do.
    private func fail(_ fault: CellFault) {
        let orders = [work?.order, next].compactMap(\.self)
        (work, next) = (nil, nil)
        close()
        for order in orders { order.end(.failure(fault)) }
    }
}
