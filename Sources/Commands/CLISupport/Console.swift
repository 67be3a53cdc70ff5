internal import Bytes
import Glibc
import Synchronization

/// Data is written to stdout, and messages for people to stderr.
public enum Console {
  /// Writes one line of data.
  ///
  /// If that fails, for example because the disk is full, `Tool.run` reports it.
  public static func data(_ text: String) {
    guard !write(text + "\n", to: STDOUT_FILENO), errno != EPIPE else { return }
    outputProblem.store(errno, ordering: .relaxed)
  }

  /// Opens standard input, output and error if the parent closed them.
  ///
  /// Otherwise the next file opened would be taken for one of them, and messages would be written
  /// into results. Reading and writing data still fail as they would have.
  static func occupyStandardChannels() {
    let modes = [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
    // Opening takes the lowest free number, and all lower ones are taken by then.
    for (channel, mode) in modes where fcntl(channel, F_GETFD) < 0 { _ = open("/dev/null", mode) }
  }

  /// Error number if data could not be written; 0 if all of it was.
  static var dataProblem: Int32 { outputProblem.load(ordering: .relaxed) }

  private static let outputProblem = Atomic<Int32>(0)

  /// Writes one line for the person at the terminal.
  ///
  /// Names of files, weights and objects in it may contain escape sequences, or line breaks that
  /// would forge another message: both are shown escaped.
  public static func error(_ line: String) {
    write(printable(line, limit: .max) + "\n", to: STDERR_FILENO)
  }

  /// Writes the lines of a failure, with the first marked as such.
  static func failure(_ lines: [String]) {
    let text = lines.map { printable($0, limit: .max) }.joined(separator: "\n")
    write(alarming("error:") + " \(text)\n", to: STDERR_FILENO)
  }

  public static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Whether the terminal can neither redraw nor colour.
  static var terminalIsDumb: Bool { variable("TERM") == "dumb" }

  /// Columns of the terminal at stderr; 80 if unknown.
  static var errorWidth: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// `text` in bold red, on a terminal without NO_COLOR (no-color.org).
  private static func alarming(_ text: String) -> String {
    let isPlain = !errorIsTerminal || terminalIsDumb || variable("NO_COLOR") != nil
    return isPlain ? text : "\u{1B}[1;31m\(text)\u{1B}[m"
  }

  /// An environment variable; nil if it is empty or missing.
  public static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  @discardableResult
  static func write(_ text: String, to file: Int32) -> Bool {
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let written = bytes[start...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      // A closed pipe (`| head`) is the reader's choice, not an error.
      if written <= 0 { return false }
      start += written
    }
    return true
  }
}
