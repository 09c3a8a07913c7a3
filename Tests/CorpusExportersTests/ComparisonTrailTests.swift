import CorpusExporters
import Testing

@Suite("Comparison trail")
struct ComparisonTrailTests {
    private typealias Node = ComparisonTrail.Node
    private typealias Input = ComparisonTrail.Input

    private static func last(_ nodes: [Node]) throws -> (texts: [String], tasks: [String]) {
        let trail = try #require(ComparisonTrail.trails(of: nodes).last)
        return (trail.texts.sorted(), trail.tasksAlone.sorted())
    }

    @Test("What is written after a comparison was not compared, only its task")
    func tasksAlone() throws {
        let nodes = [
            Node(.pass), Node(.compare(["a"]), from: [Input(node: 0)]), Node(.write, from: [Input(node: 1)]),
            Node(.pass, from: [Input(node: 2)]),
        ]

        #expect(try Self.last(nodes) == ([], ["a"]))
    }

    @Test("A comparison after the last writing counts for the text")
    func texts() throws {
        let nodes = [
            Node(.pass), Node(.compare(["a", "b"]), from: [Input(node: 0)]),
            Node(.write, from: [Input(node: 1)]), Node(.compare(["a"]), from: [Input(node: 2)]),
            Node(.pass, from: [Input(node: 3)]),
        ]

        #expect(try Self.last(nodes) == (["a"], ["b"]))
    }

    @Test("A comparison beside the way of an export says nothing about it, nor does one on some ways only")
    func besides() throws {
        let beside = [
            Node(.pass), Node(.compare(["a"]), from: [Input(node: 0)]), Node(.pass, from: [Input(node: 0)]),
        ]
        let some = [
            Node(.pass), Node(.compare(["a"]), from: [Input(node: 0)]),
            Node(.pass, from: [Input(node: 0), Input(node: 1)]),
        ]

        #expect(try Self.last(beside) == ([], []))
        #expect(try Self.last(some) == ([], []))
    }

    @Test("What a comparison dropped is not cleared by it")
    func dropped() throws {
        let nodes = [
            Node(.pass), Node(.compare(["a"]), from: [Input(node: 0)]),
            Node(.compare(["b"]), from: [Input(node: 1)]),
            Node(.pass, from: [Input(node: 2, isPassed: false)]),
        ]

        #expect(try Self.last(nodes) == (["a"], []))
    }
}
