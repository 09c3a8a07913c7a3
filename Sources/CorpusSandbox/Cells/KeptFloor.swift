/// Keeps cells from one task to the next.
final class KeptFloor: CellFloor {
    private let keeper: KeeperProgram
    private let width: Int
    private let user: Int
    private var kept: [KeptCell] = []

    /// - Parameters:
    ///   - keeper: The program that keeps a cell.
    ///   - width: The most cells at a time.
    ///   - user: The number of the user that programs are started as; negative when root cannot be left.
    init(keeper: KeeperProgram, width: Int, user: Int) {
        precondition(width > 0, "a width of \(width) would never start a cell")
        (self.keeper, self.width, self.user) = (keeper, width, user)
    }

    var cells: [any WatchedCell] { kept }
    var isIdle: Bool { kept.allSatisfy { !$0.isAtWork } }

    func start(_ waiting: inout [CellOrder]) {
        waiting.removeAll { order in
            do throws(CellFault) {
                guard let cell = try cell(for: order.task) else { return false }
                cell.take(order)
            } catch {
                order.end(.failure(error))
            }
            return true
        }
    }

    /// A cell for a task, one that is there or a new one; nil while all are at work.
    private func cell(for task: CellTask) throws(CellFault) -> KeptCell? {
        guard user >= 0 else { throw CellFault("cannot stop being root to run programs") }
        let walls = KeptCell.Walls(of: task)
        let idle = kept.filter { !$0.isAtWork && !$0.isOver }
        if let cell = idle.first(where: { $0.walls == walls }) { return cell }
        if kept.count >= width {
            // It was made for other tasks.
            guard let other = idle.first else { return nil }
            other.close()
            kept.removeAll { $0 === other }
        }
        let cell = try KeptCell(walls, keeper)
        kept.append(cell)
        return cell
    }

    func settle() { kept.removeAll { $0.settle() } }
}
