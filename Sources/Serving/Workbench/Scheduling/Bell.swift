import Bytes
import Glibc

/// A counting semaphore: each ring lets one waiter through.
final class Bell: @unchecked Sendable {
  // Unchecked: a semaphore is safe to use from several threads.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func ring() { sem_post(semaphore) }

  func wait() { while sem_wait(semaphore) != 0, errno == EINTR {} }
}
