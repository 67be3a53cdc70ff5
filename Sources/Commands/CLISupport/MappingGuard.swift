internal import Bytes
internal import Glibc

/// Handles SIGBUS, which a process receives when it reads a mapped file that another process has
/// truncated, or when the disk fails.
enum MappingGuard {
  /// From now on, such a read ends the process with 74, like any other read error.
  ///
  /// Outputs that have no name yet vanish with the process; those with a temporary name are removed
  /// and children are killed, as for a signal sent by a person.
  static func install() {
    Unfinished.prepare()
    var action = sigaction()
    action.sa_flags = SA_SIGINFO
    action.__sigaction_handler.sa_sigaction = { _, information, _ in
      // BUS_ADRERR: the address is mapped, but the file no longer covers it. Anything else is an
      // internal error: with the default action restored, the signal recurs and ends the process.
      guard information?.pointee.si_code == 2 else {
        signal(SIGBUS, SIG_DFL)
        return
      }
      // Only operations that POSIX allows in a signal handler: no memory allocation, no locks.
      Unfinished.undo()
      let message: StaticString =
        "error: an input file was cut short while it was read, or its disk failed\n"
      _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
      _exit(74)
    }
    sigaction(SIGBUS, &action, nil)
  }
}
