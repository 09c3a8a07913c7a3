import Foundation

/// The folders of people, which no cell may see.
struct HomeFolders: Sendable {
    private let folders: [String]

    /// - Parameter folders: Absolute paths, links resolved.
    init(_ folders: [String]) { self.folders = folders }

    /// Whether a folder is a home or holds one.
    func areExposed(by folder: String) -> Bool {
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        return (folders + ["/"]).contains { $0 == folder || $0.hasPrefix(prefix) }
    }

    /// The homes of this machine: those of people and root in its list of users, all below `/home`, and our own.
    static let ofThisMachine: HomeFolders = {
        let files = FileManager.default
        let users = (try? String(contentsOfFile: "/etc/passwd", encoding: .utf8)) ?? ""
        let below = (try? files.contentsOfDirectory(atPath: "/home")) ?? []
        var folders = ["/root", files.homeDirectoryForCurrentUser.path] + homes(inUsers: users)
        folders += below.map { "/home/\($0)" }
        if let own = ProcessInfo.processInfo.environment["HOME"] { folders.append(own) }
        return HomeFolders(folders.map { URL(filePath: $0).resolvingSymlinksInPath().path })
    }()

    /// The homes of root and of people, whose numbers start at 1000, in the text of `/etc/passwd`.
    static func homes(inUsers text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 7, let user = Int(fields[2]), user == 0 || user >= 1000,
                fields[5].hasPrefix("/"), fields[5] != "/"
            else { return nil }
            return String(fields[5])
        }
    }
}
