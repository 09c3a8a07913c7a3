import Testing

@testable import CorpusCommands

@Suite("The warning about the run's time")
struct WallWatchTests {
    @Test("It comes once, when four fifths are over")
    func once() {
        let watch = WallWatch()
        let said = [0, 79.9, 80, 90, 100].map { watch.warning(after: $0, of: 100) }

        #expect(said == [nil, nil, "80 % of the run's time is over: 1:20 of 1:40", nil, nil])
    }

    @Test("It comes once more when the cap has been changed meanwhile")
    func changed() {
        let watch = WallWatch()
        let said = [(80.0, 100), (90, 200), (170, 200), (180, 200)].map { elapsed, limit in
            watch.warning(after: elapsed, of: limit)
        }

        #expect(
            said == [
                "80 % of the run's time is over: 1:20 of 1:40", nil,
                "85 % of the run's time is over: 2:50 of 3:20", nil,
            ]
        )
    }

    @Test("Without a cap on time there is none")
    func never() { #expect(WallWatch().warning(after: 1e9, of: nil) == nil) }
}
