import Glibc

/// Wakes a thread that is waiting in `poll` for this and other descriptors.
package final class WakeUp: Sendable {
  private let readingEnd: Int32
  private let writingEnd: Int32

  /// - Throws: `process.failed` when the system has no more descriptors.
  package init() throws(Failure) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw Failure(
        .inputOutput, code: "process.failed",
        "cannot make a pipe: \(String(cString: strerror(errno)))")
    }
    (readingEnd, writingEnd) = (ends[0], ends[1])
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
  }

  deinit {
    close(readingEnd)
    close(writingEnd)
  }

  /// Becomes readable on a signal, and stays so until `clear`.
  package var descriptor: Int32 { readingEnd }

  /// Wakes the waiting thread, or the next one to wait.
  package func signal() {
    var byte: UInt8 = 0
    // A full pipe already holds enough signals.
    _ = write(writingEnd, &byte, 1)
  }

  /// Discards all signals so far; to be called before checking for whatever they announce.
  package func clear() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(readingEnd, &bytes, bytes.count) > 0 {}
  }
}
