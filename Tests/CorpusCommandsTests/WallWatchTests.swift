import Testing

@testable import CorpusCommands

@Suite("The warning about the run's time")
struct WallWatchTests {
    @Test("It comes once, when four fifths are over")
    func once() {
        let watch = WallWatch(100, started: 1000)
        let said = [1000, 1079.9, 1080, 1090, 1100].map { watch.warning(at: $0) }

        #expect(said == [nil, nil, "80 % of the run's time is over: 1:20 of 1:40", nil, nil])
    }

    @Test("Without a cap on time there is none")
    func never() { #expect(WallWatch(nil, started: 0).warning(at: 1e9) == nil) }
}
