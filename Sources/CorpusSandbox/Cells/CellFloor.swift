/// Something that a loop waits for on behalf of a cell.
struct CellInterest {
    let descriptor: Descriptor
    let events: Int16
    /// What the cell calls it.
    let role: Int

    init(_ descriptor: Descriptor, _ events: Int16, _ role: Int) {
        (self.descriptor, self.events, self.role) = (descriptor, events, role)
    }
}

/// A cell as the loop's thread sees it.
protocol WatchedCell: AnyObject {
    /// What to wait for.
    var interests: [CellInterest] { get }

    /// When the cell wants to be looked at although nothing happened.
    var nextWake: ContinuousClock.Instant { get }

    /// Does what a ready descriptor calls for.
    func act(on role: Int, buffer: inout [UInt8])

    /// Enforces the limits and, once nothing of the program is left, tells the caller.
    ///
    /// - Returns: Whether the cell is over.
    func settle() -> Bool
}

/// Where a loop's cells stand; for the loop's thread alone.
protocol CellFloor: AnyObject {
    /// All cells that are there, at work or not.
    var cells: [any WatchedCell] { get }

    /// Whether no cell has a task.
    var isIdle: Bool { get }

    /// Starts as many tasks as there is room for, the first ones first, and takes them from the list.
    func start(_ waiting: inout [CellOrder])

    /// Lets every cell settle, and forgets those that are over.
    func settle()
}

/// Makes a cell for each task.
final class OneshotFloor: CellFloor {
    private let launcher: any CellLauncher
    private let width: Int
    private let user: Int
    private var running: [CellProcess] = []

    /// - Parameters:
    ///   - launcher: Decides what is started for a task.
    ///   - width: The most cells at a time.
    ///   - user: The number of the user that programs are started as; negative when root cannot be left.
    init(launcher: any CellLauncher, width: Int, user: Int) {
        precondition(width > 0, "a width of \(width) would never start a cell")
        (self.launcher, self.width, self.user) = (launcher, width, user)
    }

    var cells: [any WatchedCell] { running }
    var isIdle: Bool { running.isEmpty }

    func start(_ waiting: inout [CellOrder]) {
        let starting = waiting.prefix(width - running.count)
        waiting.removeFirst(starting.count)
        for order in starting {
            do throws(CellFault) {
                guard user >= 0 else { throw CellFault("cannot stop being root to run programs") }
                running.append(try CellProcess(order: order, launcher: launcher, bindsProcesses: user != 0))
            } catch {
                order.end(.failure(error))
            }
        }
    }

    func settle() { running.removeAll { $0.settle() } }
}
