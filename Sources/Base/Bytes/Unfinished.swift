public import Glibc
import Synchronization

/// Things to undo when a signal ends the process: files that still have a temporary name,
/// and child processes that would continue to write.
///
/// The table has a fixed size and no locks, because a signal handler may neither allocate nor wait.
/// When it is full, nothing more is recorded, and a temporary may remain.
public enum Unfinished {
  private static let count = 32
  /// Each is 0, the address of a C string with a path, or a negated process identifier.
  private static let slots = InlineArray<32, Atomic<Int>> { _ in Atomic(0) }

  /// One recorded file or process.
  public struct Ticket: Sendable {
    fileprivate let slot: Int?

    /// Declares that nothing has to be undone any more.
    public func done() {
      guard let slot else { return }
      let value = Unfinished.slots[slot].exchange(0, ordering: .acquiringAndReleasing)
      if value > 0 { free(UnsafeMutableRawPointer(bitPattern: value)) }
    }
  }

  /// Records a file or an empty folder to be removed.
  public static func file(_ path: String) -> Ticket {
    guard let text = strdup(path) else { return Ticket(slot: nil) }
    let ticket = note(Int(bitPattern: text))
    if ticket.slot == nil { free(text) }
    return ticket
  }

  /// Records a child to be killed; call `done` once the child has been waited for.
  public static func child(_ identifier: pid_t) -> Ticket { note(-Int(identifier)) }

  private static func note(_ value: Int) -> Ticket {
    for slot in 0..<count {
      let (taken, _) = slots[slot].compareExchange(
        expected: 0, desired: value, ordering: .acquiringAndReleasing)
      if taken { return Ticket(slot: slot) }
    }
    return Ticket(slot: nil)
  }

  /// Creates the table, because a signal handler must not be the first to touch it.
  public static func prepare() { _ = slots[0].load(ordering: .relaxed) }

  /// Removes the files and kills the children; may be called in a signal handler once `prepare` has
  /// been called.
  public static func undo() {
    // Children first: a live one could create its file again.
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
        // A folder that was recorded after the files in it is empty by now.
        if unlink(path) != 0 { rmdir(path) }
      }
    }
  }
}
