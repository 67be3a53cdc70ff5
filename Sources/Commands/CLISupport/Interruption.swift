import Bytes
import Glibc
public import JobSupport
import Synchronization

/// SIGINT (Ctrl-C), SIGTERM and SIGHUP, with which a person or a scheduler ends the process.
///
/// Initially, a signal ends the process at once, after undoing anything unfinished. While work is
/// `deferred`, the first signal is only noted, so that the work can stop at a suitable point, and a
/// second one ends the process at once. Either way the process dies of the signal: shells report
/// 130 for Ctrl-C and stop their loops, which they would not do for a plain exit code.
public enum Interruption {
  private static let signals: [Int32] = [SIGINT, SIGTERM, SIGHUP]
  /// The noted signal, or 0.
  private static let noted = Atomic<Int32>(0)
  private static let isDeferred = Atomic<Bool>(false)
  /// Whether a progress line is on the terminal.
  static let lineIsDrawn = Atomic<Bool>(false)

  /// Installs the handlers; signals that the parent ignores, as `nohup` does, stay ignored.
  static func install() {
    // The handler must not be the first to touch anything that is created on first use.
    Unfinished.prepare()
    noted.store(0, ordering: .relaxed)
    isDeferred.store(false, ordering: .relaxed)
    lineIsDrawn.store(false, ordering: .relaxed)
    for number in signals {
      var action = sigaction()
      sigaction(number, nil, &action)
      if action.__sigaction_handler.sa_handler == nil { listen(to: number) }
    }
  }

  private static func listen(to number: Int32) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { Interruption.handle($0) }
    // Once is enough: the next signal ends the process even if the handler cannot.
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
    sigaction(number, &action, nil)
  }

  /// Makes only calls that are safe in a signal handler.
  private static func handle(_ number: Int32) {
    let problem = errno
    if isDeferred.load(ordering: .acquiring) {
      noted.store(number, ordering: .releasing)
      announce("finishing the current item; the same signal again stops at once\n")
      errno = problem
      return
    }
    Unfinished.undo()
    announce("interrupted\n")
    die(of: number)
  }

  private static func announce(_ text: StaticString) {
    if lineIsDrawn.exchange(false, ordering: .relaxed) { put("\r\u{1B}[K") }
    put(text)
  }

  private static func put(_ text: StaticString) {
    _ = Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }

  /// Ends the process as the signal would have.
  private static func die(of number: Int32) -> Never {
    var mask = sigset_t()
    sigemptyset(&mask)
    sigaddset(&mask, number)
    signal(number, SIG_DFL)
    pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    raise(number)
    // The first process in a container does not die of signals.
    _exit(128 + number)
  }

  // MARK: - Work that stops at a good place

  /// Runs `body`, during which signals are only noted; then dies of any noted signal.
  ///
  /// `body` must check `isRequested` often, and return soon once it is true. Failures that it
  /// throws in that case are reported before the process ends.
  public static func deferred<Result>(_ body: () throws -> Result) throws -> Result {
    isDeferred.store(true, ordering: .releasing)
    let result = Swift.Result { try body() }
    isDeferred.store(false, ordering: .releasing)
    let number = noted.load(ordering: .acquiring)
    guard number != 0 else { return try result.get() }
    if case .failure(let failure as Failure) = result { Tool.report(failure) }
    die(of: number)
  }

  /// The noted signals in the form that jobs take.
  public static let cancellation = Cancellation { isRequested }

  /// Whether a signal has been noted.
  public static var isRequested: Bool { noted.load(ordering: .acquiring) != 0 }
}
