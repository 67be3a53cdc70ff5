import Bytes
import Glibc
public import JobSupport
import Synchronization

/// SIGINT (Ctrl-C), SIGTERM and SIGHUP, by which a person or a scheduler ends the process.
///
/// At first a signal ends the process at once, after undoing what is unfinished. While work is
/// `deferred` the first signal is only noted, for the work to stop at a good place, and a second one
/// ends the process at once. Either way the process dies of the signal: shells report 130 for
/// Ctrl-C and stop their loops, which they would not do for a mere exit code.
public enum Interruption {
  private static let signals: [Int32] = [SIGINT, SIGTERM, SIGHUP]
  /// The noted signal, else 0.
  private static let noted = Atomic<Int32>(0)
  private static let isDeferred = Atomic<Bool>(false)
  /// Whether a progress line is on the terminal.
  static let lineIsDrawn = Atomic<Bool>(false)

  /// Installs the handlers; signals that the parent ignores, as `nohup` does, stay ignored.
  static func install() {
    // The handler may not be the first to touch what is created when first used.
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
    // Once is enough: the next one ends the process even if the handler cannot.
    action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
    sigaction(number, &action, nil)
  }

  /// Only calls that are safe in a signal handler.
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
    // The first process of a container does not die of signals.
    _exit(128 + number)
  }

  // MARK: - Work that stops at a good place

  /// Runs `body`, in which signals are only noted; then dies of a noted signal.
  ///
  /// `body` has to check `isRequested` often, and to return soon when it is true. Failures that it
  /// throws then are reported before the end.
  public static func deferred<Result>(_ body: () throws -> Result) throws -> Result {
    isDeferred.store(true, ordering: .releasing)
    let result = Swift.Result { try body() }
    isDeferred.store(false, ordering: .releasing)
    let number = noted.load(ordering: .acquiring)
    guard number != 0 else { return try result.get() }
    if case .failure(let failure as Failure) = result { Tool.report(failure) }
    die(of: number)
  }

  /// The noted signals as jobs take them.
  public static let cancellation = Cancellation { isRequested }

  /// Whether a signal has been noted.
  public static var isRequested: Bool { noted.load(ordering: .acquiring) != 0 }
}
