import Dispatch
import Glibc
import Synchronization
import Testing

@testable import CorpusSandbox

@Suite("Replies of cells")
struct CellRepliesTests {
    @Test("Whoever waited for a cell is woken by a thread of the run's own user", arguments: Ending.allCases)
    func user(ending: Ending) async throws {
        let cells = try CellLoop(launcher: UnwalledLauncher(), width: 1)
        let command = ending == .fault ? "/nowhere/at/all" : "/usr/bin/true"
        let witness = Witness()

        let result = await withTaskExecutorPreference(witness) {
            let work = Task(executorPreference: witness) {
                try await cells.outcome(of: CellTask(command: [command]))
            }
            if ending == .cancelled { work.cancel() }
            return await work.result
        }

        #expect((try? result.get()) == nil || ending != .cancelled)
        #expect(witness.users == [geteuid()])
    }

    enum Ending: CaseIterable { case exited, fault, cancelled }

    /// Notes for whom the thread works that hands over a job; a thread started there would be the same user's.
    private final class Witness: TaskExecutor {
        private let seen = Mutex<Set<uid_t>>([])
        private let queue = DispatchQueue(label: "witness")

        var users: Set<uid_t> { seen.withLock { $0 } }

        func enqueue(_ job: consuming ExecutorJob) {
            _ = seen.withLock { $0.insert(geteuid()) }
            let job = UnownedJob(job)
            queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }
}
