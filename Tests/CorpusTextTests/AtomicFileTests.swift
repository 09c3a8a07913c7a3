import CorpusText
import Foundation
import Glibc
import Testing

@Suite("Atomic file")
struct AtomicFileTests {
    @Test("A file appears at the commit with all of its bytes and leaves nothing beside it")
    func commit() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/rows.jsonl"
        let block = [UInt8](repeating: 0x61, count: 100_000)

        let file = try AtomicFile(path: path)
        for _ in 0..<7 { try file.write(block) }
        #expect(folder.names.count == 1)
        #expect(folder.names.first?.hasPrefix(".rows.jsonl.") == true)
        #expect(folder.names.first?.hasSuffix(".tmp") == true)
        try file.commit()

        #expect(folder.names == ["rows.jsonl"])
        #expect(try FileAccess.bytes(of: path, limit: 1 << 20).count == 700_000)
    }

    @Test("Without a commit the old file stays and the temporary one goes")
    func discard() throws {
        let folder = try ScratchFolder()
        let path = try folder.add("rows.jsonl", Array("old".utf8))

        do {
            let file = try AtomicFile(path: path)
            try file.write(Array("new".utf8))
        }

        #expect(folder.names == ["rows.jsonl"])
        #expect(try FileAccess.bytes(of: path, limit: 100) == Array("old".utf8))
        try AtomicFile.write(Array("new".utf8), to: path)
        #expect(try FileAccess.bytes(of: path, limit: 100) == Array("new".utf8))
    }

    @Test("A process killed while it writes leaves the old file as it was")
    func killed() async throws {
        let folder = try ScratchFolder()
        let path = try folder.add("rows.jsonl", Array("old".utf8))

        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let file = try AtomicFile(path: path)
            try file.write([UInt8](repeating: 0x61, count: 1 << 20))
            kill(getpid(), SIGKILL)
            try file.commit()
        }

        #expect(try FileAccess.bytes(of: path, limit: 100) == Array("old".utf8))
    }

    @Test("A write that does not fit removes the temporary file and says so")
    func tooLarge() async throws {
        let folder = try ScratchFolder()

        await #expect(processExitsWith: .exitCode(7)) { [path = folder.path as String] in
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
            guard unsafe setrlimit(__rlimit_resource_t(1), &limit) == 0 else { exit(1) }
            let file = try AtomicFile(path: path + "/rows.jsonl")
            do {
                try file.write([UInt8](repeating: 0x61, count: 1 << 20))
            } catch let error as FileProblem {
                let told = "cannot write `\(path)/rows.jsonl`: it would be larger than this process may write"
                exit(error.description == told ? 7 : 2)
            }
            exit(3)
        }

        #expect(folder.names == [])
    }

    @Test("A failed rename leaves nothing behind")
    func overFolder() throws {
        let folder = try ScratchFolder()
        try FileAccess.makeFolder(folder.path + "/rows")
        _ = try folder.add("rows/inside", [1])

        let problem = #expect(throws: FileProblem.self) {
            try AtomicFile.write([1], to: folder.path + "/rows")
        }

        #expect(problem?.description == "cannot write `\(folder.path)/rows`: it is a folder")
        #expect(folder.names == ["rows"])
    }

    @Test(
        "The words for common failures name the file and what to do",
        arguments: [
            (ENOSPC, "cannot write `x`: the disk is full; free some space and run the same command again"),
            (EACCES, "cannot write `x`: permission denied; change its owner or mode"),
            (EROFS, "cannot write `x`: the disk is mounted read-only"),
            (EIO, "cannot write `x`: input/output error"),
        ]
    )
    func wording(code: Int32, expected: String) {
        #expect(FileProblem(path: "x", cannot: "write", code: code).description == expected)
    }

    @Test("A missing folder is refused before anything is written, and can be made")
    func folders() throws {
        let scratch = try ScratchFolder()
        let deep = scratch.path + "/a/b/c"

        #expect(throws: FileProblem.self) { try AtomicFile(path: deep + "/x") }
        #expect(throws: FileProblem.self) { try AtomicFile(path: scratch.path + "/") }
        try FileAccess.makeFolder(deep)
        try FileAccess.makeFolder(deep)
        try AtomicFile.write([1, 2], to: deep + "/x")

        #expect(try FileAccess.kind(of: deep) == .folder)
        #expect(try FileAccess.kind(of: deep + "/x") == .file(bytes: 2))
        let blocked = #expect(throws: FileProblem.self) { try FileAccess.makeFolder(deep + "/x/y") }
        #expect(blocked?.description.hasSuffix("a part of its path is a file, not a folder") == true)
        #expect(throws: FileProblem.self) { try FileAccess.makeFolder(deep + "/x") }
    }

    @Test("A file over the limit is not read into memory")
    func limit() throws {
        let folder = try ScratchFolder()
        let path = try folder.add("x", [UInt8](repeating: 0, count: 11))

        #expect(try FileAccess.bytes(of: path, limit: 11).count == 11)
        let problem = #expect(throws: FileProblem.self) { try FileAccess.bytes(of: path, limit: 10) }
        #expect(problem?.description == "cannot read `\(path)`: it is larger than 10 bytes")
    }
}
