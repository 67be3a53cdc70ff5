import Glibc

/// Wakes a thread that waits in `poll` for this and for other descriptors.
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

  /// Becomes readable with a signal, and stays so until `clear`.
  package var descriptor: Int32 { readingEnd }

  /// Wakes the thread that waits, or the next one that will.
  package func signal() {
    var byte: UInt8 = 0
    // A full pipe has been signalled often enough.
    _ = write(writingEnd, &byte, 1)
  }

  /// Takes back all signals so far; to be called before looking for what they announce.
  package func clear() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(readingEnd, &bytes, bytes.count) > 0 {}
  }
}
