internal import Bytes
internal import Glibc

/// Answers SIGBUS, which a process gets that reads a mapped file where another has cut it off, or
/// where the disk fails.
enum MappingGuard {
  /// From now on such a read ends the process with 74, as any error of reading does.
  ///
  /// Outputs that have no name yet vanish with the process; those with a temporary name are removed,
  /// and children killed, as for a signal that a person sends.
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
      // Only what POSIX allows in a signal handler: no memory, no locks.
      Unfinished.undo()
      let message: StaticString =
        "error: an input file was cut short while it was read, or its disk failed\n"
      _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
      _exit(74)
    }
    sigaction(SIGBUS, &action, nil)
  }
}
