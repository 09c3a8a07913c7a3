import FlyingFox
import FlyingSocks
import Foundation

/// Serves the counts of a run as a page for Prometheus, on the loopback alone.
package struct MetricsServer: Sendable {
    /// The page cannot be served.
    package struct Problem: Error, Sendable, CustomStringConvertible {
        /// One sentence without a full stop.
        package let description: String
    }

    private static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private let port: UInt16
    private let server: HTTPServer
    private let page: @Sendable () -> String

    /// Prepares a server; nothing is opened.
    ///
    /// - Parameters:
    ///   - port: The port on 127.0.0.1; 0 takes any that is free.
    ///   - page: Writes the page, anew for each request.
    /// - Throws: ``Problem``.
    package init(port: UInt16, page: @escaping @Sendable () -> String) throws {
        self.port = port
        self.page = page
        do {
            server = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: port), logger: .disabled)
        } catch {
            throw Problem(description: "there is no address 127.0.0.1 on this machine")
        }
    }

    /// Serves `/metrics` until the task is cancelled.
    ///
    /// - Throws: ``Problem`` when the port is taken.
    package func run() async throws {
        let page = page
        await server.appendRoute("GET /metrics") { _ in
            HTTPResponse(
                statusCode: .ok,
                headers: [.contentType: Self.contentType],
                body: Data(page().utf8)
            )
        }
        do {
            try await server.run()
        } catch {
            if Task.isCancelled { return }
            throw Problem(description: "port \(port) of 127.0.0.1 \(Self.reason(error))")
        }
    }

    /// Why a port cannot be opened, as the end of a sentence that starts with it.
    private static func reason(_ error: any Error) -> String {
        guard case .failed(_, let code, let message) = error as? SocketError else {
            return "cannot be opened: \(error)"
        }
        return switch code {
        case EADDRINUSE: "is taken by another program"
        case EACCES, EPERM: "may not be opened by this user"
        default: "cannot be opened: \(message.lowercased())"
        }
    }

    /// Waits until the port is open.
    ///
    /// - Returns: The page's address.
    /// - Throws: When that takes more than five seconds; `CancellationError`.
    package func address() async throws -> String {
        try await server.waitUntilListening(timeout: 5)
        guard case .ip4(_, let port) = await server.listeningAddress else {
            throw Problem(description: "port \(port) of 127.0.0.1 is not open")
        }
        return "http://127.0.0.1:\(port)/metrics"
    }
}
