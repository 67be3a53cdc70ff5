public import Glibc
import Synchronization

/// Things to undo when a signal ends the process: files that still have a temporary name,
/// and child processes that would continue to write.
///
/// A fixed table without locks, because a signal handler may neither allocate nor wait. Beyond its
/// size nothing is recorded, and a temporary may remain.
public enum Unfinished {
  private static let count = 32
  /// Each 0, the address of a C string with a path, or a process identifier, negated.
  private static let slots = InlineArray<32, Atomic<Int>> { _ in Atomic(0) }

  /// One noted file or process.
  public struct Ticket: Sendable {
    fileprivate let slot: Int?

    /// Declares that nothing has to be undone any more.
    public func done() {
      guard let slot else { return }
      let value = Unfinished.slots[slot].exchange(0, ordering: .acquiringAndReleasing)
      if value > 0 { free(UnsafeMutableRawPointer(bitPattern: value)) }
    }
  }

  /// Notes a file to be removed, or an empty folder.
  public static func file(_ path: String) -> Ticket {
    guard let text = strdup(path) else { return Ticket(slot: nil) }
    let ticket = note(Int(bitPattern: text))
    if ticket.slot == nil { free(text) }
    return ticket
  }

  /// Notes a child to be killed; to be called off when it has been waited for.
  public static func child(_ identifier: pid_t) -> Ticket { note(-Int(identifier)) }

  private static func note(_ value: Int) -> Ticket {
    for slot in 0..<count {
      let (taken, _) = slots[slot].compareExchange(
        expected: 0, desired: value, ordering: .acquiringAndReleasing)
      if taken { return Ticket(slot: slot) }
    }
    return Ticket(slot: nil)
  }

  /// Creates the table, which a signal handler may not be the first to touch.
  public static func prepare() { _ = slots[0].load(ordering: .relaxed) }

  /// Removes the files and kills the children; may be called in a signal handler once `prepare` has
  /// been.
  public static func undo() {
    // Children first: one that lives could make its file again.
    undo(killing: true)
    undo(killing: false)
  }

  private static func undo(killing: Bool) {
    for slot in 0..<count {
      let value = slots[slot].load(ordering: .acquiring)
      guard value != 0, (value < 0) == killing else { continue }
      let (mine, _) = slots[slot].compareExchange(
        expected: value, desired: 0, ordering: .acquiringAndReleasing)
      guard mine else { continue }
      if killing {
        kill(pid_t(-value), SIGKILL)
      } else if let path = UnsafePointer<CChar>(bitPattern: value) {
        // A folder that was noted after the files in it is empty by now.
        if unlink(path) != 0 { rmdir(path) }
      }
    }
  }
}
