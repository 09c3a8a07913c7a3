import CorpusKit
import CorpusLedger
import Foundation

/// Asks the process that works on a run.
struct ControlClient {
    /// Longer than a run that lives needs for an answer.
    private static let patience = Duration.seconds(10)
    private static let longestReply = 16 << 20

    let folder: RunFolder

    /// Asks for a change.
    ///
    /// - Throws: ``CommandProblem`` when it was not made, or nobody is there to make it; ``LedgerProblem`` when there is no
    ///   such run.
    func change(_ request: ControlRequest) throws -> ControlReply.Done {
        do {
            guard case .done(let done) = try ask(request) else { throw Self.strange }
            return done
        } catch let problem as ControlProblem {
            throw try explained(problem)
        }
    }

    /// How the run stands: from its process, or from its ledger when none answers.
    ///
    /// - Returns: The status, and what kept its process from answering, if one is there.
    /// - Throws: ``LedgerProblem``.
    func status() throws -> (status: RunStatus, note: String?) {
        let problem: ControlProblem
        do {
            guard case .status(let status) = try ask(.status) else { throw Self.strange }
            return (status, nil)
        } catch let other as ControlProblem {
            problem = other
        }
        let process = RunLock.holder(in: folder.path)
        let status = try reading(folder.ledger) { try RunStatus(of: $0, process: process) }
        guard problem != .absent || process != nil else { return (status, nil) }
        return (status, "this is what the ledger says: \((try explained(problem)).description)")
    }

    /// Sends a request and waits for its reply.
    ///
    /// - Throws: ``ControlProblem`` when there is none; ``CommandProblem`` when the run refused.
    private func ask(_ request: ControlRequest) throws -> ControlReply {
        let descriptor = try ControlAddress(in: folder.path).connection(patience: Self.patience)
        defer { close(descriptor) }
        try send(Array((request.json.canonical + "\n").utf8), to: descriptor)
        let line = try receiveLine(from: descriptor)
        guard let json = try? JSONValue(parsing: line), let reply = ControlReply(json) else {
            throw Self.strange
        }
        if case .refused(let problem) = reply { throw problem }
        return reply
    }

    private func send(_ bytes: [UInt8], to descriptor: Int32) throws(ControlProblem) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { bytes in
                unsafe Foundation.send(
                    descriptor,
                    bytes.baseAddress,
                    bytes.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw errno == EAGAIN ? .silent : .absent
            }
        }
    }

    private func receiveLine(from descriptor: Int32) throws(ControlProblem) -> [UInt8] {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while line.count < Self.longestReply {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                line += buffer[..<count]
                if let end = line.firstIndex(of: 0x0A) { return Array(line[..<end]) }
            } else if count == 0 || errno == ECONNRESET {
                // It ended while it was asked.
                throw .absent
            } else if errno != EINTR {
                throw errno == EAGAIN ? .silent : .other(unsafe String(cString: strerror(errno)))
            }
        }
        throw .other("its answer does not end")
    }

    private static var strange: CommandProblem {
        CommandProblem(
            "bad-reply",
            "the run answered with something that this program does not understand",
            hint: "ask with the corpusmith that started the run"
        )
    }

    /// Why a run cannot be asked.
    private func explained(_ problem: ControlProblem) throws -> CommandProblem {
        let path = folder.path
        let process = RunLock.holder(in: path)
        switch problem {
        case .absent:
            if let process {
                return CommandProblem(
                    "no-control",
                    "process \(process) works in `\(path)` and cannot be controlled",
                    hint: "if it has only just begun, ask again"
                )
            }
            guard FileManager.default.fileExists(atPath: folder.ledger) else {
                throw LedgerProblem.noLedger(at: folder.ledger)
            }
            return CommandProblem(
                "no-process",
                "no process works on the run in `\(path)`",
                hint: "start it with `corpusmith run`; `ctl status` and `report` look at what there is"
            )
        case .denied:
            return CommandProblem(
                "control-denied",
                "the run in `\(path)` is controlled by the user who started it, and by nobody else"
            )
        case .silent:
            return CommandProblem(
                "no-answer",
                (process.map { "process \($0)" } ?? "the process")
                    + " that works in `\(path)` does not answer",
                hint: "it may have been stopped, as by Ctrl-Z"
            )
        case .other(let sentence):
            return CommandProblem("no-control", "the run in `\(path)` cannot be asked: \(sentence)")
        }
    }
}
