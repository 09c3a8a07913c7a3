import CSandbox
import Glibc

/// An open descriptor, closed when nobody holds it any more.
final class Descriptor: Sendable {
    let number: Int32

    /// Takes over what a call returned: a descriptor, or a negative error number.
    init(_ result: Int32, from call: String) throws(CellFault) {
        guard result >= 0 else { throw CellFault(call, error: -result) }
        number = result
    }

    deinit { close(number) }

    /// What a read gave.
    enum Reading { case bytes([UInt8]), nothingYet, end }

    /// Reads what is there, at most as much as the buffer holds, without waiting.
    func read(into buffer: inout [UInt8]) -> Reading {
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe Glibc.read(number, $0.baseAddress, $0.count)
            }
            if count > 0 { return .bytes(Array(buffer[..<count])) }
            if count == 0 { return .end }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .nothingYet
            default: return .end
            }
        }
    }

    /// Writes as much as fits without waiting; nil when nobody reads any more.
    func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        while true {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            default: return nil
            }
        }
    }
}

extension Descriptor {
    static func null() throws(CellFault) -> Descriptor {
        try Descriptor(csandbox_open_null(), from: "open")
    }

    /// A file in memory, read from its start.
    static func holding(_ bytes: [UInt8]) throws(CellFault) -> Descriptor {
        let result = unsafe bytes.withUnsafeBytes { unsafe csandbox_memory_file($0.baseAddress, $0.count) }
        return try Descriptor(result, from: "memfd_create")
    }

    /// A counter that wakes up whoever polls it.
    static func bell() throws(CellFault) -> Descriptor { try Descriptor(csandbox_bell(), from: "eventfd") }

    /// Polls readable once the process has ended.
    static func process(_ pid: pid_t) throws(CellFault) -> Descriptor {
        try Descriptor(csandbox_process_descriptor(pid), from: "pidfd_open")
    }
}

/// Two ends of a pipe, of which one goes to the cell.
struct Pipe {
    let reading: Descriptor
    let writing: Descriptor

    init() throws(CellFault) {
        var ends: [Int32] = [-1, -1]
        let result = unsafe ends.withUnsafeMutableBufferPointer { unsafe csandbox_pipe($0.baseAddress) }
        guard result == 0 else { throw CellFault("pipe", error: -result) }
        reading = try Descriptor(ends[0], from: "pipe")
        writing = try Descriptor(ends[1], from: "pipe")
    }

    /// A pipe out of the cell: our end does not block, theirs does.
    static func outward() throws(CellFault) -> Pipe {
        let pipe = try Pipe()
        csandbox_set_nonblocking(pipe.reading.number)
        return pipe
    }

    /// A pipe into the cell: our end does not block, theirs does.
    static func inward() throws(CellFault) -> Pipe {
        let pipe = try Pipe()
        csandbox_set_nonblocking(pipe.writing.number)
        return pipe
    }
}
