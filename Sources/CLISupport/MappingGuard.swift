internal import Glibc

/// Answers SIGBUS, which a process gets that reads a mapped file where another has cut it off, or
/// where the disk fails.
enum MappingGuard {
  /// From now on such a read ends the process with 74, as any error of reading does.
  ///
  /// Outputs that have no name yet vanish with the process.
  static func install() {
    var action = sigaction()
    action.sa_flags = SA_SIGINFO
    action.__sigaction_handler.sa_sigaction = { _, information, _ in
      // BUS_ADRERR: the address is right and nothing is behind it. Anything else is a bug of ours,
      // and the signal comes again once nobody answers it.
      guard information?.pointee.si_code == 2 else {
        signal(SIGBUS, SIG_DFL)
        return
      }
      // Only what POSIX allows in a signal handler: no memory, no locks.
      let message: StaticString =
        "error: an input file was cut short while it was read, or its disk failed\n"
      _ = write(STDERR_FILENO, message.utf8Start, message.utf8CodeUnitCount)
      _exit(74)
    }
    sigaction(SIGBUS, &action, nil)
  }
}
