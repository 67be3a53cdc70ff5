#if THREAD_SANITIZER
private import Glibc

/// A value guarded by a lock that the thread sanitizer understands.
///
/// The sanitizer does not understand the futex of `Synchronization.Mutex`, and would report every
/// access that such a mutex orders.
public final class Guarded<Value: ~Copyable>: @unchecked Sendable {
  // Unchecked: `value` is touched only under the lock.
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var value: Value

  public init(_ value: consuming sending Value) {
    self.value = value
    pthread_mutex_init(lock, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  /// Calls `body` with the value while no other thread has it.
  public func withLock<Result: ~Copyable, Thrown: Error>(
    _ body: (inout sending Value) throws(Thrown) -> sending Result
  ) throws(Thrown) -> sending Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body(&value)
  }
}
#else
public import Synchronization

/// A value guarded by a lock.
///
/// The separate name lets `Scripts/sanitize.sh` substitute a lock that the thread sanitizer
/// understands.
public typealias Guarded<Value: ~Copyable> = Mutex<Value>
#endif
