import CSandbox
import CorpusKit
import Glibc

/// What goes in and out of one program, owned by the loop's thread.
final class CellStreams {
    enum Role: Int { case input, output, errors, answers, requests }

    let task: CellTask
    /// What the program finds from descriptor 0 on, until it is handed over; nil leaves one closed.
    private(set) var theirs: [Descriptor?]
    private var input: Descriptor?
    private var output: Descriptor?
    private var errors: Descriptor?
    private var answers: Descriptor?
    private var requests: Descriptor?
    private var pendingInput: ArraySlice<UInt8>
    private var pendingRequests: ArraySlice<UInt8> = []
    private(set) var outputBytes: [UInt8] = []
    private(set) var errorBytes: [UInt8] = []
    private var byteCount = 0
    private var note: [UInt8] = []
    private var harness: CallHarness?
    /// Why the program must be stopped, once it must.
    private(set) var wish: CellOutcome.Stop?
    /// Whether answers come too late.
    private var isDeaf = false

    private static let longestNote = 4096

    init(_ task: CellTask) throws(CellFault) {
        let (output, errors) = (try Pipe.outward(), try Pipe.outward())
        theirs = [nil, output.writing, errors.writing]
        self.task = task
        (self.output, self.errors) = (output.reading, errors.reading)
        pendingInput = task.input[...]
        if task.input.isEmpty {
            theirs[0] = try Descriptor.null()
        } else {
            let pipe = try Pipe.inward()
            theirs[0] = pipe.reading
            input = pipe.writing
        }
        switch task.channel {
        case .none: break
        case .note, .calls:
            let pipe = try Pipe.outward()
            theirs.append(pipe.writing)
            answers = pipe.reading
        }
        if case .calls(let harness) = task.channel {
            let pipe = try Pipe.inward()
            theirs.append(pipe.reading)
            requests = pipe.writing
            self.harness = harness
        }
    }

    /// Lets go of the program's ends, which it has by now.
    func handOver() { theirs = [] }

    /// Takes no answers any more: the program is being stopped.
    func stopHearing() { isDeaf = true }

    /// What to wait for.
    var interests: [(descriptor: Descriptor, events: Int16, role: Role)] {
        var list: [(descriptor: Descriptor, events: Int16, role: Role)] = []
        func add(_ descriptor: Descriptor?, _ role: Role, _ events: Int32 = POLLIN) {
            if let descriptor { list.append((descriptor, Int16(events), role)) }
        }
        add(output, .output)
        add(errors, .errors)
        add(answers, .answers)
        if !pendingInput.isEmpty { add(input, .input, POLLOUT) }
        if !pendingRequests.isEmpty { add(requests, .requests, POLLOUT) }
        return list
    }

    /// Does what a ready descriptor calls for.
    func act(on role: Role, buffer: inout [UInt8]) {
        switch role {
        case .output, .errors, .answers:
            let place = Self.place(of: role)
            switch self[keyPath: place]?.read(into: &buffer) {
            case .bytes(let bytes): take(bytes, from: role)
            case .end: self[keyPath: place] = nil
            case .nothingYet, nil: break
            }
        case .input: write(\.input, \.pendingInput)
        case .requests: write(\.requests, \.pendingRequests)
        }
    }

    /// Reads what the pipes still hold; all writers are gone, so this ends.
    func drain(_ buffer: inout [UInt8]) {
        for role in [Role.output, .errors, .answers] {
            let place = Self.place(of: role)
            while let descriptor = self[keyPath: place] {
                guard case .bytes(let bytes) = descriptor.read(into: &buffer) else {
                    self[keyPath: place] = nil
                    break
                }
                take(bytes, from: role)
            }
        }
    }

    /// What came of the program that ended so.
    func outcome(_ ending: CellOutcome.Ending, after elapsed: Duration) -> CellOutcome {
        CellOutcome(
            ending: ending,
            output: outputBytes,
            errors: errorBytes,
            note: note,
            harness: harness,
            elapsed: elapsed
        )
    }

    private static func place(of role: Role) -> ReferenceWritableKeyPath<CellStreams, Descriptor?> {
        switch role {
        case .output: \.output
        case .errors: \.errors
        default: \.answers
        }
    }

    private func take(_ bytes: [UInt8], from role: Role) {
        switch role {
        case .output: count(bytes, into: \.outputBytes)
        case .errors: count(bytes, into: \.errorBytes)
        default: hear(bytes)
        }
    }

    private func write(
        _ place: ReferenceWritableKeyPath<CellStreams, Descriptor?>,
        _ pending: ReferenceWritableKeyPath<CellStreams, ArraySlice<UInt8>>
    ) {
        guard let descriptor = self[keyPath: place] else { return }
        guard let count = descriptor.write(self[keyPath: pending]) else {
            self[keyPath: place] = nil
            self[keyPath: pending] = []
            return
        }
        self[keyPath: pending].removeFirst(count)
        if place == \.input, pendingInput.isEmpty { input = nil }
    }

    private func count(_ bytes: [UInt8], into place: ReferenceWritableKeyPath<CellStreams, [UInt8]>) {
        byteCount += bytes.count
        if byteCount > task.limits.outputBytes {
            wish = wish ?? .output
        } else {
            self[keyPath: place] += bytes
        }
    }

    private func hear(_ bytes: [UInt8]) {
        guard wish == nil, !isDeaf else { return }
        guard var harness else {
            note += bytes.prefix(Self.longestNote - note.count)
            return
        }
        let move = harness.receive(bytes)
        self.harness = harness
        switch move {
        case .wait: break
        case .send(let request):
            pendingRequests += request
            write(\.requests, \.pendingRequests)
        case .stop: wish = .answered
        }
    }
}
