import CorpusModel
import Testing

@Suite("Drafts")
struct DraftTests {
    @Test("A draft carries on from its seed, sets what is given and loses what is set to null")
    func carriesOn() {
        let seed = Seed(id: "s", fields: ["a": 1, "b": 2, "c": 3], labels: ["x": "old", "y": "gone"])

        let draft = Draft(
            from: seed,
            fields: ["b": .null, "c": 4, "d": .null],
            labels: ["x": "new", "y": .null]
        )

        #expect(draft.content.fields == ["a": 1, "c": 4])
        #expect(draft.content.labels == ["x": "new"])
    }
}
