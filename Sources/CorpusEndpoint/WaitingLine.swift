/// Callers that wait for their turn, first come first served.
///
/// A plain value without a lock of its own: its owner guards it and resumes continuations outside the lock.
struct WaitingLine<Waiter: Sendable>: Sendable {
    private var order: [UInt64] = []
    private var head = 0
    private var waiting: [UInt64: Waiter] = [:]
    private var lastNumber: UInt64 = 0

    var isEmpty: Bool { waiting.isEmpty }
    var count: Int { waiting.count }

    /// A number for a caller who may have to wait.
    mutating func draw() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    mutating func join(_ number: UInt64, _ waiter: Waiter) {
        order.append(number)
        waiting[number] = waiter
    }

    /// Takes a caller out of the line; nil when it is not there any more.
    mutating func leave(_ number: UInt64) -> Waiter? { waiting.removeValue(forKey: number) }

    /// The caller whose turn it is.
    mutating func first() -> Waiter? {
        while head < order.count {
            if let waiter = waiting[order[head]] { return waiter }
            head += 1
        }
        order = []
        head = 0
        return nil
    }

    mutating func removeFirst() -> Waiter? {
        guard first() != nil else { return nil }
        let waiter = waiting.removeValue(forKey: order[head])
        head += 1
        if head > 64, head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
        return waiter
    }
}
