import Foundation

/// Compressors or decompressors at rest: to make one costs more than to work on a page of text.
///
/// Unchecked: the list is guarded, and a context that was taken belongs to its taker alone.
@safe
final class ZstdContexts: @unchecked Sendable {
    private static let most = 8
    private let lock = NSLock()
    private var resting: [OpaquePointer] = unsafe []
    private let make: @Sendable () -> OpaquePointer?
    private let free: @Sendable (OpaquePointer) -> Void

    init(make: @escaping @Sendable () -> OpaquePointer?, free: @escaping @Sendable (OpaquePointer) -> Void) {
        (unsafe self.make, unsafe self.free) = unsafe (make, free)
    }

    func take() -> OpaquePointer? {
        lock.lock()
        let context = unsafe resting.popLast()
        lock.unlock()
        return unsafe context ?? make()
    }

    func give(_ context: OpaquePointer?) {
        guard let context = unsafe context else { return }
        lock.lock()
        let isKept = unsafe resting.count < Self.most
        if isKept { unsafe resting.append(context) }
        lock.unlock()
        if !isKept { unsafe free(context) }
    }
}
