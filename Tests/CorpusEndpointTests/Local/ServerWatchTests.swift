import Foundation
import Testing

@testable import CorpusEndpoint

@Suite("The watch over a server")
struct ServerWatchTests {
    private let began = ContinuousClock.now
    private func watch() -> ServerWatch {
        ServerWatch(began: began, startLimit: .seconds(60), stopLimit: .seconds(3))
    }

    @Test("The address is asked for its health as soon as its line is complete")
    func address() throws {
        var watch = watch()
        let line = Array("llama says hello\n{\"ready\": \"http://127.0.0.1:8123\"}\n".utf8)
        for byte in line.dropLast() {
            watch.receive([byte], from: 0)
            #expect(watch.next(at: began, stopAsked: false) == .wait)
        }

        watch.receive([10], from: 0)

        let address = try #require(URL(string: "http://127.0.0.1:8123"))
        #expect(watch.next(at: began, stopAsked: false) == .probe(address, port: 8123))
    }

    @Test(
        "A line that is no loopback address is no greeting",
        arguments: [
            #"{"ready": true}"#, #"{"ready": "http://192.0.2.7:80"}"#, #"{"ready": "http://127.0.0.1"}"#,
            #"{"ready": "http://127.0.0.1:99999"}"#, #"ready http://127.0.0.1:8123"#, "{", "",
        ]
    )
    func noGreeting(line: String) {
        var watch = watch()

        watch.receive(ArraySlice((line + "\n").utf8), from: 0)

        #expect(watch.next(at: began, stopAsked: false) == .wait)
    }

    @Test("A greeting on standard error does not count")
    func wrongStream() {
        var watch = watch()

        watch.receive(ArraySlice("{\"ready\": \"http://127.0.0.1:8123\"}\n".utf8), from: 1)

        #expect(watch.next(at: began, stopAsked: false) == .wait)
    }

    @Test("A ready server is left alone until it is to stop")
    func ready() {
        var watch = watch()
        watch.becameReady()

        #expect(watch.next(at: began + .seconds(4000), stopAsked: false) == .wait)
        #expect(watch.pollMilliseconds == 500)
        #expect(watch.next(at: began + .seconds(4001), stopAsked: true) == .terminate)
        #expect(watch.phase == .stopping(late: false))
    }

    @Test("A server that is not ready at the deadline is told to end")
    func late() {
        var watch = watch()

        #expect(watch.next(at: began + .milliseconds(59_999), stopAsked: false) == .wait)
        #expect(watch.next(at: began + .seconds(60), stopAsked: false) == .terminate)
        #expect(watch.phase == .stopping(late: true))
    }

    @Test("A server that does not end in time is killed once")
    func kill() {
        var watch = watch()

        #expect(watch.next(at: began, stopAsked: true) == .terminate)
        #expect(watch.next(at: began + .milliseconds(2999), stopAsked: true) == .wait)
        #expect(watch.next(at: began + .seconds(3), stopAsked: true) == .kill)
        #expect(watch.next(at: began + .seconds(9), stopAsked: true) == .wait)
    }

    @Test("Health that comes after the stop changes nothing")
    func healthTooLate() {
        var watch = watch()
        _ = watch.next(at: began, stopAsked: true)

        watch.becameReady()

        #expect(watch.phase == .stopping(late: false))
    }

    @Test("The last five lines of standard error are kept, also one that has not ended")
    func lastWords() {
        var watch = watch()
        #expect(watch.lastWords == "")

        for number in 1...9 { watch.receive(ArraySlice("line \(number)\n".utf8), from: 1) }
        watch.receive(ArraySlice("torn".utf8), from: 1)

        #expect(
            watch.lastWords
                == "; it said last:\n    line 6\n    line 7\n    line 8\n    line 9\n    torn"
        )
    }

    @Test("A line without an end is kept to 4 KiB")
    func endlessLine() {
        var watch = watch()

        for _ in 0..<100 { watch.receive(ArraySlice(repeatElement(UInt8(ascii: "x"), count: 1000)), from: 1) }

        #expect(watch.lastWords.count < 4200)
    }
}
