import CorpusKit
import Foundation
import Testing

@Suite("Folder finder")
struct FolderFinderTests {
    @Test(
        "A pattern finds the same files on disk as among names",
        arguments: [
            ("src/*.py", ["src/a.py"]), ("src/**/*.py", ["src/a.py", "src/deep/b.py"]),
            ("**/*.py", ["[x].py", "d.py", "src/a.py", "src/deep/b.py"]), ("**/b*", ["src/deep/b.py"]),
            ("src/?.txt", ["src/c.txt"]), ("*", ["[x].py", "d.py"]), ("d.py", ["d.py"]),
            ("src", ["src/a.py", "src/c.txt", "src/deep/b.py"]), ("[x].py", ["[x].py"]), ("src/a*/x", []),
        ]
    )
    func patterns(pattern: String, expected: [String]) throws {
        let names = ["src/a.py", "src/deep/b.py", "src/c.txt", "d.py", "[x].py"]
        let folder = try Folder(files: names)
        let found = try FolderFinder([folder.path]).files(matching: pattern)
        let matched = names.filter(FilePattern(pattern).matches).sorted()

        #expect(found == expected.map { "\(folder.path)/\($0)" })
        #expect(matched == expected)
    }

    @Test("A link to a file is found, and a link to a folder is not entered")
    func links() throws {
        let folder = try Folder(files: ["src/a.py"])
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/one.py",
            withDestinationPath: folder.path + "/src/a.py"
        )
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/loop",
            withDestinationPath: folder.path
        )
        let found = try FolderFinder([folder.path]).files(matching: "**/*.py")

        #expect(found == ["\(folder.path)/one.py", "\(folder.path)/src/a.py"])
    }

    @Test("Files of all folders are found, each name in the first folder that has it")
    func all() throws {
        let first = try Folder(files: ["t/a.yaml", "t/c.yaml"])
        let second = try Folder(files: ["t/a.yaml", "t/b.yaml", "u/d.yaml"])
        let found = FolderFinder([first.path, second.path + "/", "/nowhere"]).allFiles(matching: "t/*.yaml")

        #expect(found == [first.path + "/t/a.yaml", second.path + "/t/b.yaml", first.path + "/t/c.yaml"])
    }

    @Test("The first folder that has a name wins, and a missing one is a problem with its name")
    func roots() throws {
        let first = try Folder(files: ["b"])
        let second = try Folder(files: ["a", "b"])
        let finder = FolderFinder([first.path, second.path])

        #expect(try finder.locate("a") == second.path + "/a")
        #expect(try finder.locate("b") == first.path + "/b")
        #expect(try finder.bytes(at: finder.locate("a")) == Array("a".utf8))
        #expect(throws: ResourceProblem(name: "x", "cannot find `x`: no such file or folder")) {
            try finder.locate("x")
        }
        #expect(throws: ResourceProblem.self) { try finder.files(matching: "none/*.py") }
        #expect(throws: ResourceProblem.self) { try finder.bytes(at: first.path) }
    }
}

/// A folder that goes when the test ends; each file holds its own name.
private final class Folder: Sendable {
    let path: String

    init(files: [String]) throws {
        let manager = FileManager.default
        path = manager.temporaryDirectory.appendingPathComponent("finder-\(UUID().uuidString)").path
        for name in files {
            let file = URL(fileURLWithPath: path).appendingPathComponent(name)
            try manager.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(name.utf8).write(to: file)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
