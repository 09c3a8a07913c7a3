import CorpusKit
import CorpusLedger
import TestSupport
import Testing

@testable import CorpusPipeline

@Suite("Scheduler")
struct SchedulerTests {
    private let plan: Plan
    private let solved: Int
    private let tested: Int
    private let rated: Int
    private let unique: Int

    init() throws {
        plan = try TestRun.plan(TestRun.recipe)
        let names = plan.nodes.map(\.name)
        solved = try #require(names.firstIndex(of: "solved"))
        tested = try #require(names.firstIndex(of: "tested"))
        rated = try #require(names.firstIndex(of: "rated"))
        unique = try #require(names.firstIndex(of: "unique"))
    }

    private func item(_ number: Int) -> FlowItem {
        let key = ItemKey(deriving: ["item", String(number)])
        return FlowItem(
            draft: DraftRecord(
                key: key,
                parent: nil,
                content: Content(fields: ["code": .string("fine \(number)")]),
                note: nil,
                task: key,
                group: key,
                origin: Origin(source: "tasks", path: "toy", line: number),
                licence: nil
            )
        )
    }

    @Test("Later stages go first")
    func laterFirst() {
        var scheduler = Scheduler(nodes: plan.nodes)
        for number in 0..<3 {
            scheduler.enqueue(.unit(node: solved, item(number), ordinal: 0))
            scheduler.enqueue(.unit(node: tested, item(10 + number), ordinal: 0))
        }
        var order: [Int] = []
        while let work = scheduler.next() { order.append(work.node) }

        #expect(order == [tested, tested, tested, solved, solved, solved])
        #expect(scheduler.running == 6 && scheduler.waiting == 0)
    }

    @Test("A stage waits while enough lies before its readers")
    func fullReader() throws {
        var scheduler = Scheduler(nodes: plan.nodes)
        let width = plan.nodes[tested].width
        scheduler.enqueue(.unit(node: solved, item(0), ordinal: 0))
        var started: [Work] = []
        // What is in work is no longer before the stage: that many more are needed to fill it.
        for number in 1...(width + 2 * min(width, 64)) {
            scheduler.enqueue(.unit(node: tested, item(number), ordinal: 0))
        }
        while let work = scheduler.next() { started.append(work) }
        #expect(started.count == width && started.allSatisfy { $0.node == tested })
        var isFull = scheduler.isFull(tested)
        #expect(isFull)

        scheduler.finish(try #require(started.last))
        #expect(scheduler.next()?.node == tested)
        isFull = scheduler.isFull(tested)
        #expect(!isFull)
        #expect(scheduler.next()?.node == solved)
        #expect(scheduler.next() == nil)
    }

    @Test("A stage never has more in work than its width, and none where it is closed")
    func width() {
        var scheduler = Scheduler(nodes: plan.nodes)
        let width = plan.nodes[tested].width
        for number in 0..<(2 * width) { scheduler.enqueue(.unit(node: tested, item(number), ordinal: 0)) }
        var count = 0
        while scheduler.next() != nil { count += 1 }
        #expect(count == width)

        scheduler = Scheduler(nodes: plan.nodes)
        scheduler.enqueue(.unit(node: tested, item(0), ordinal: 0))
        scheduler.closed = [tested]
        #expect(scheduler.next() == nil)
        #expect(!scheduler.isQuiet([tested]))
    }

    @Test("A group becomes work when the last of its task is settled, and not before")
    func groups() {
        var scheduler = Scheduler(nodes: plan.nodes)
        let (first, second) = (item(0), item(1))
        let task = first.draft.task
        var sibling = second
        sibling.draft.task = task
        scheduler.enqueue(.unit(node: tested, first, ordinal: 0))
        scheduler.enqueue(.unit(node: tested, sibling, ordinal: 0))
        var works: [Work] = []
        while let work = scheduler.next() { works.append(work) }
        #expect(works.count == 2)
        scheduler.gather(sibling, at: rated, isMain: true)
        scheduler.finish(works[1])
        #expect(scheduler.next() == nil)

        scheduler.gather(first, at: rated, isMain: true)
        scheduler.finish(works[0])
        guard case .group(let node, let named, let main, _) = scheduler.next() else {
            Issue.record("no group was released")
            return
        }
        #expect(node == rated && named == task)
        #expect(main == [first.key, sibling.key].sorted())
    }

    @Test("What a selector lets go becomes work as room frees, each item once and in the order of keys")
    func release() throws {
        var router = Router(plan: plan)
        let count = 5_000
        for number in 0..<count {
            let passage = Outcome.Passage(item: item(number), state: .passed)
            let work = Work.unit(node: rated, passage.item, ordinal: 0)
            try router.route([.init(work: work, outcome: Outcome(passages: [passage], state: .passed))])
        }
        #expect(try router.decideNextSelection(isExhausted: true))
        #expect(router.left == count && !router.isDone)

        var keys: [ItemKey] = []
        var most = 0
        router.refill()
        while let work = router.scheduler.next() {
            guard case .selection(let node, let key, let task, .keep) = work else {
                Issue.record("other work: \(work)")
                return
            }
            #expect(node == unique && task == key)
            keys.append(key)
            most = max(most, router.scheduler.waiting)
            // Nothing below may decide or end while some of it is still to come.
            #expect(!router.isDone)
            router.settle(work, Outcome(state: .kept))
            router.refill()
        }
        #expect(most <= 2 * 64)
        #expect(keys.count == count && keys == keys.sorted())
        #expect(router.left == 0)
    }

    @Test("A selector below waits until the one above has let everything go")
    func secondSelector() throws {
        let text = TestRun.recipe.edited(
            "  pairs:",
            to: "  last: { select: toy-unique, from: unique }\n  pairs:"
        )
        .edited("chosen: unique", to: "chosen: last")
        .edited("write: toy-write, from: unique", to: "write: toy-write, from: last")
        let plan = try TestRun.plan(text)
        var router = Router(plan: plan)
        for number in 0..<300 {
            let passage = Outcome.Passage(item: item(number), state: .passed)
            let work = Work.unit(node: rated, passage.item, ordinal: 0)
            try router.route([.init(work: work, outcome: Outcome(passages: [passage], state: .passed))])
        }
        #expect(try router.decideNextSelection(isExhausted: true))
        #expect(try !router.decideNextSelection(isExhausted: true))
        var done = 0
        router.refill()
        while let work = router.scheduler.next() {
            #expect(try !router.decideNextSelection(isExhausted: true), "after \(done) of 300")
            done += 1
            router.settle(work, Outcome(state: .dropped))
            router.refill()
        }
        #expect(done == 300)
        #expect(try router.decideNextSelection(isExhausted: true))
    }

    @Test("Another width holds for what is started from then on")
    func otherWidth() throws {
        var scheduler = Scheduler(nodes: plan.nodes)
        for number in 0..<20 { scheduler.enqueue(.unit(node: solved, item(number), ordinal: 0)) }
        func start() -> [Work] {
            var works: [Work] = []
            while let work = scheduler.next() { works.append(work) }
            return works
        }
        var wish = RunControl.Wish()
        wish.widths = [solved: 3]
        scheduler.obey(wish)
        let first = start()
        #expect(first.count == 3)

        wish.widths = [solved: 1]
        scheduler.obey(wish)
        for work in first.dropLast() { scheduler.finish(work) }
        #expect(start().isEmpty)
        scheduler.finish(first[2])
        #expect(start().count == 1 && scheduler.inWork(at: solved) == 1)
    }

    @Test("Before a skipped stage keys are kept and not items, nothing above waits, and each comes back once")
    func skipped() throws {
        var router = Router(plan: plan)
        var wish = RunControl.Wish()
        wish.skipped = [tested]
        router.obey(wish)
        let count = 3_000
        for number in 0..<count {
            let passage = Outcome.Passage(item: item(number), state: .expanded)
            let work = Work.unit(node: solved, passage.item, ordinal: 0)
            try router.route([.init(work: work, outcome: Outcome(passages: [passage], state: .expanded))])
        }
        #expect(router.scheduler.waiting == 0 && router.left == count && router.wantsSeed)
        #expect(router.scheduler.waiting(at: tested) == count)
        router.refill()
        #expect(router.nextWorks().isEmpty && !router.isDone)
        guard case .skipped(let sentence) = router.remainder else {
            Issue.record("nothing is said to be left")
            return
        }
        #expect(sentence == "everything is done but what was skipped: 3000 units at `tested`")

        router.obey(RunControl.Wish())
        var keys: [ItemKey] = []
        router.refill()
        while let work = router.scheduler.next() {
            guard case .group(let node, let task, let main, _) = work, main.count == 1 else {
                Issue.record("other work: \(work)")
                return
            }
            #expect(node == tested && task == main[0])
            keys += main
            #expect(router.scheduler.waiting <= 2 * 64 && !router.isDone)
            router.settle(work, Outcome(state: .kept))
            router.refill()
        }
        #expect(keys.count == count && Set(keys).count == count)
        #expect(router.left == 0 && router.remainder == nil)
    }

    @Test("What stands before a stage when it is skipped holds up neither the stages above nor the sources")
    func skippedQueue() {
        var scheduler = Scheduler(nodes: plan.nodes)
        scheduler.enqueue(.unit(node: solved, item(0), ordinal: 0))
        for number in 1...(scheduler.frontier + 1) {
            scheduler.enqueue(.unit(node: tested, item(number), ordinal: 0))
        }
        let (wasFull, hadRoom) = (scheduler.isFull(tested), scheduler.hasRoom)
        #expect(wasFull && !hadRoom)
        var wish = RunControl.Wish()
        wish.skipped = [tested]
        scheduler.obey(wish)
        let (isFull, hasRoom) = (scheduler.isFull(tested), scheduler.hasRoom)
        #expect(!isFull && hasRoom)
        #expect(scheduler.next()?.node == solved)
        #expect(scheduler.next() == nil)
    }

    @Test("Keys are counted exactly, however many they are")
    func repetitions() {
        var repetitions = Repetitions()
        let keys = (0..<20_000).map { ItemKey(deriving: [String($0)]) }
        for times in 0..<3 { #expect(keys.allSatisfy { repetitions.count($0) == times }) }
        #expect(repetitions.count(ItemKey(bytes: Array(repeating: 0, count: 16))) == 0)
        #expect(repetitions.count(ItemKey(bytes: Array(repeating: 0, count: 16))) == 1)
    }
}
