import Foundation
import TestSupport

/// A TLS server with a certificate of its own making, by the `openssl` tool.
final class TLSServer: Sendable {
    /// Whether this machine has the tool.
    static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    let port: Int
    private let server: Child
    private let folder: String

    init() async throws {
        folder = FileManager.default.temporaryDirectory.path + "/corpusmith-tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let make =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1"
        _ = try await Self.start(make + " -keyout key.pem -out certificate.pem", in: folder).end()
        let said = folder + "/said"
        let serve = "s_server -accept 127.0.0.1:0 -www -key key.pem -cert certificate.pem"
        server = try Self.start(serve, in: folder, output: .file(said))
        // It says `ACCEPT 127.0.0.1:PORT` as soon as it listens.
        await reached("ACCEPT", in: said)
        let line = content(of: said).split(separator: "\n").first { $0.hasPrefix("ACCEPT") }
        guard let port = line?.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw SocketTrouble(number: 0)
        }
        self.port = port
    }

    deinit {
        server.signal(SIGTERM)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func start(
        _ arguments: String,
        in folder: String,
        output: Child.Stream = .nothing
    ) throws -> Child {
        let words = arguments.split(separator: " ").map(String.init)
        return try Child(["/usr/bin/openssl"] + words, folder: folder, output: output)
    }
}
