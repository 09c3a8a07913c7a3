import Foundation

/// Runs tasks without walls, in a folder of their own: limits hold, everything else is open.
///
/// For machines where nothing better can be had and the user said so.
struct UnwalledLauncher: CellLauncher {
    let isolation = IsolationLevel.none

    func launch(of task: CellTask) throws(CellFault) -> Launch {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cell-\(UUID().uuidString)").path
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
            for file in task.files {
                try Data(file.bytes).write(to: URL(filePath: folder).appending(path: file.name))
            }
        } catch {
            throw CellFault("cannot fill the folder `\(folder)`")
        }
        // The shell holds the program at the gate; its own words for the folder are replaced by the real one.
        let script =
            "read _ <&\(Launch.gate); exec \(Launch.status)>&- \(Launch.gate)<&-; cd \"$0\"; exec \"$@\""
        let command = task.command.map { $0.replacing(CellTask.workFolder, with: folder) }
        let environment = task.environment.map {
            (name: $0.name, value: $0.name == "HOME" ? folder : $0.value)
        }
        return Launch(
            arguments: ["/bin/sh", "-c", script, folder] + command,
            environment: environment,
            reportsStatus: false,
            folder: folder
        )
    }
}
