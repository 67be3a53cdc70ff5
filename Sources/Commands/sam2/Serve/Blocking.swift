import Bytes
import Dispatch
import Synchronization

/// Waits on the main thread for asynchronous work.
enum Blocking {
  /// Runs `body` and returns when it has ended.
  /// - Throws: any error that `body` throws.
  static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
    let done = DispatchSemaphore(value: 0)
    let result = Guarded<Result<Void, any Error>>(.success(()))
    Task {
      do {
        try await body()
      } catch {
        result.withLock { $0 = .failure(error) }
      }
      done.signal()
    }
    done.wait()
    try result.withLock { $0 }.get()
  }
}
