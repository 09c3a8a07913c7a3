import Foundation
import TestSupport

/// A TLS server with a certificate of its own making, by the `openssl` tool.
final class TLSServer: Sendable {
    /// Whether this machine has the tool.
    static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    let port: Int
    private let server: Process
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "corpusmith-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let make =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1"
        let (maker, _) = try Self.start(make + " -keyout key.pem -out certificate.pem", in: folder)
        maker.waitUntilExit()
        let serve = "s_server -accept 127.0.0.1:0 -www -key key.pem -cert certificate.pem"
        let (server, output) = try Self.start(serve, in: folder)
        // It says `ACCEPT 127.0.0.1:PORT` as soon as it listens.
        var port: Int?
        var said = ""
        while port == nil, case let more = output.availableData, !more.isEmpty {
            said += String(decoding: more, as: UTF8.self)
            let line = said.split(separator: "\n").first { $0.hasPrefix("ACCEPT") }
            port = line?.split(separator: ":").last.flatMap { Int($0) }
        }
        guard let port else { throw SocketTrouble(number: 0) }
        (self.server, self.port) = (server, port)
    }

    deinit {
        server.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    private static func start(_ arguments: String, in folder: URL) throws -> (Process, FileHandle) {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return (process, output.fileHandleForReading)
    }
}
