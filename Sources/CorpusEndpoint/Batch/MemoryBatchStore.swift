package import CorpusKit
import Synchronization

/// A store that lives as long as the process.
package final class MemoryBatchStore: BatchStore {
    private struct State: Sendable {
        var open: [BatchRecord] = []
        var kept: [BatchedReply] = []
    }

    private let state = Mutex(State())

    /// Creates a store that knows no batch.
    package init() {}

    /// What the batches brought so far.
    package var kept: [BatchedReply] { state.withLock(\.kept) }
    /// The batches that are open.
    package var open: [BatchRecord] { state.withLock(\.open) }

    package func remember(_ batch: BatchRecord) async throws { state.withLock { $0.open.append(batch) } }

    package func name(_ tag: String, file: String?, id: String?) async throws {
        state.withLock { state in
            guard let index = state.open.firstIndex(where: { $0.tag == tag }) else { return }
            (state.open[index].file, state.open[index].id) = (file, id)
        }
    }

    package func openBatches() async throws -> [BatchRecord] { open }

    package func close(_ tag: String, keeping replies: [BatchedReply]) async throws {
        state.withLock { state in
            state.open.removeAll { $0.tag == tag }
            state.kept += replies
        }
    }
}
