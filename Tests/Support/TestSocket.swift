import Glibc

/// A TCP socket of the test server; blocking.
package struct TestSocket: Sendable {
    package let descriptor: Int32

    /// A socket that was opened elsewhere.
    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// Listens on a free port of the loopback, which stays ours until this process ends.
    ///
    /// A second socket keeps the port bound when the listener has closed: nobody answers there any more, and no other
    /// test's server can come up where somebody still calls the one that went away.
    package static func listening() throws -> (TestSocket, port: Int) {
        let (_, port) = try bound(to: 0)
        let (listener, _) = try bound(to: port)
        guard listen(listener.descriptor, 1024) == 0 else { throw SocketTrouble(number: errno) }
        return (listener, Int(port))
    }

    /// A socket at a port of the loopback; port 0 stands for any that is free.
    private static func bound(to port: UInt16) throws -> (TestSocket, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var isOn: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                guard unsafe bind(descriptor, general, length) == 0 else { return Int32(-1) }
                return unsafe getsockname(descriptor, general, &length)
            }
        }
        guard result == 0 else { throw SocketTrouble(number: errno) }
        return (TestSocket(descriptor: descriptor), UInt16(bigEndian: address.sin_port))
    }

    /// A connection to a port of the loopback.
    package static func dial(_ port: UInt16) throws -> TestSocket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                unsafe connect(descriptor, general, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SocketTrouble(number: errno) }
        return TestSocket(descriptor: descriptor)
    }

    /// The next connection; nil when the socket was shut down.
    package func accept() -> TestSocket? {
        let connection = Glibc.accept(descriptor, nil, nil)
        guard connection >= 0 else { return nil }
        // A program that another test starts would keep the connection open after we have closed it.
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        // The last byte of an answer goes out by itself and must not wait for an acknowledgement.
        var isOn: Int32 = 1
        unsafe setsockopt(
            connection,
            Int32(IPPROTO_TCP),
            TCP_NODELAY,
            &isOn,
            socklen_t(MemoryLayout<Int32>.size)
        )
        return TestSocket(descriptor: connection)
    }

    /// Some bytes; none when the other side closed or the connection broke.
    package func read() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : []
    }

    /// Whether everything went out.
    package func write(_ bytes: some Sequence<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// The sockets of this process that are connected to a port.
    package static func connected(to port: Int) -> [TestSocket] {
        (0..<Int32(4096)).map(TestSocket.init).filter { $0.peerPort == port }
    }

    /// Whether a program that is started now would inherit the socket.
    package var isInherited: Bool { fcntl(descriptor, F_GETFD) & FD_CLOEXEC == 0 }

    private var peerPort: Int? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                unsafe getpeername(descriptor, general, &length)
            }
        }
        return result == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }

    /// Wakes whoever blocks on the socket.
    package func shut() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Says that nothing more is written; what comes can still be read.
    package func shutWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the connection, with a reset instead of a farewell when asked to.
    package func close(resetting: Bool = false) {
        if resetting {
            var linger = linger(l_onoff: 1, l_linger: 0)
            unsafe setsockopt(
                descriptor,
                SOL_SOCKET,
                SO_LINGER,
                &linger,
                socklen_t(MemoryLayout.size(ofValue: linger))
            )
        }
        Glibc.close(descriptor)
    }
}

package struct SocketTrouble: Error {
    let number: Int32

    package init(number: Int32) { self.number = number }
}
