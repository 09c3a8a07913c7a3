import CorpusKit
import Foundation
import Synchronization
import Testing

@testable import CorpusSandbox

@Suite("Toolchains")
struct ToolchainSearchTests {
    /// A machine with interpreters outside `/usr`, and cells in which every program says that it is version 3.9.9.
    private final class Machine: CellBackend {
        let isolation: IsolationLevel
        let root: String
        private let tasks = Mutex<[CellTask]>([])

        init(isolation: IsolationLevel = .oneshot) throws {
            self.isolation = isolation
            let folder = FileManager.default.temporaryDirectory.appending(
                path: "machine-\(UUID().uuidString)"
            )
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            root = folder.resolvingSymlinksInPath().path
        }

        deinit { try? FileManager.default.removeItem(atPath: root) }

        func makeFolder(_ path: String) throws {
            let place = "\(root)/\(path)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        }

        /// Puts an interpreter into a folder that may have to be made.
        func install(_ path: String) throws {
            try makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
            let place = "\(root)/\(path)"
            try "program".write(toFile: place, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place)
        }

        func outcome(of task: CellTask) async throws -> CellOutcome {
            tasks.withLock { $0.append(task) }
            return CellOutcome(
                ending: .exited(0),
                output: Array("Python 3.9.9".utf8),
                errors: [],
                note: [],
                harness: nil,
                elapsed: .zero
            )
        }

        var asked: [String] { tasks.withLock { $0.compactMap(\.command.first) } }

        func search(path: [String], homes: [String]) -> ToolchainSearch {
            let profile = LanguageProfile(
                name: "python",
                toolchain: "python",
                executables: [],
                commandName: "python3",
                sourceName: "main.py",
                versionArguments: ["--version"],
                check: nil,
                run: [],
                serveCalls: nil,
                leavesNotes: false,
                environment: [],
                outOfMemoryWords: nil
            )
            return ToolchainSearch(
                profiles: [profile],
                backend: self,
                searchPath: path.map { "\(root)/\($0)" },
                homes: HomeFolders(homes.map { "\(root)/\($0)" })
            )
        }
    }

    @Test("Of an interpreter's folder a program sees what runs it, and nothing else")
    func binds() async throws {
        let machine = try Machine()
        try machine.install("opt/python/bin/python3")
        for folder in ["lib", "include", "private", "share"] {
            try machine.makeFolder("opt/python/\(folder)")
        }
        let search = machine.search(path: ["nowhere", "opt/python/bin"], homes: ["home/ada"])

        let toolchain = try await search.toolchain(for: "python")

        #expect(toolchain?.description == "python 3.9.9")
        #expect(toolchain?.binds == ["bin", "lib", "include"].map { "\(machine.root)/opt/python/\($0)" })
    }

    @Test("An interpreter that lies alone is shown alone")
    func alone() async throws {
        let machine = try Machine()
        try machine.install("home/ada/tools/python3")
        let search = machine.search(path: ["home/ada/tools"], homes: ["home/ada"])

        let toolchain = try await search.toolchain(for: "python")

        #expect(toolchain?.binds == ["\(machine.root)/home/ada/tools/python3"])
    }

    @Test(
        "An interpreter whose folder is a home, or holds one, is refused with the reason and the way out",
        arguments: [
            ("home/ada/bin/python3", "home/ada/bin", "/home/ada"),
            ("home/ada/python3", "home/ada", "/home/ada"),
            ("home/bin/python3", "home/bin", "/home"), ("bin/python3", "bin", ""),
        ]
    )
    func home(file: String, path: String, exposed: String) async throws {
        let machine = try Machine()
        try machine.install(file)
        let search = machine.search(path: [path], homes: ["home/ada"])
        let reason =
            "`\(machine.root)/\(file)` is not used: programs would be shown parts of "
            + "`\(machine.root)\(exposed)`, which is or holds a home folder"

        for _ in 0..<2 {
            let failure = await #expect(throws: WorkFailure.self) {
                try await search.toolchain(for: "python")
            }
            #expect(failure?.code == "toolchain-missing")
            #expect(failure?.description == reason)
            #expect(failure?.hint?.contains("/opt/NAME/bin") == true)
        }
        #expect(machine.asked.isEmpty)
    }

    @Test(
        "An interpreter in a home does not hide a sound one behind it, nor a link the place that it leads to"
    )
    func next() async throws {
        let machine = try Machine()
        try machine.install("home/ada/bin/python3")
        try machine.install("opt/python/bin/python3.9")
        try machine.makeFolder("links")
        try FileManager.default.createSymbolicLink(
            atPath: "\(machine.root)/links/python3",
            withDestinationPath: "\(machine.root)/opt/python/bin/python3.9"
        )
        let search = machine.search(path: ["home/ada/bin", "links"], homes: ["home/ada"])

        let toolchain = try await search.toolchain(for: "python")

        #expect(toolchain?.executable == "\(machine.root)/opt/python/bin/python3.9")
        #expect(toolchain?.binds == ["\(machine.root)/opt/python/bin"])
    }

    @Test("Where there are no walls, an interpreter in a home is as good as any")
    func unwalled() async throws {
        let machine = try Machine(isolation: .none)
        try machine.install("home/ada/bin/python3")
        let search = machine.search(path: ["home/ada/bin"], homes: ["home/ada"])

        let toolchain = try await search.toolchain(for: "python")

        #expect(toolchain?.executable == "\(machine.root)/home/ada/bin/python3")
    }

    @Test("Homes are those of root and of people")
    func homes() {
        let users = """
            root:x:0:0:root:/root:/bin/bash
            daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
            ada:x:1000:1000:Ada:/srv/people/ada:/bin/bash
            broken:x:1001
            nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
            """
        let homes = HomeFolders(HomeFolders.homes(inUsers: users))

        #expect(HomeFolders.homes(inUsers: users) == ["/root", "/srv/people/ada"])
        for folder in ["/", "/srv", "/root", "/srv/people/ada"] { #expect(homes.areExposed(by: folder)) }
        for folder in ["/srv/people/ada/python", "/srv/people/a", "/opt"] {
            #expect(!homes.areExposed(by: folder))
        }
        #expect(HomeFolders.ofThisMachine.areExposed(by: NSHomeDirectory()))
    }
}
