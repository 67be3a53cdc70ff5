import Glibc
import TestSupport

/// A built command of this package, run as a user would.
enum Tool: String {
  case sam2 = "sam2"
  case convert = "sam2-convert"
  case quantize = "sam2-quantize"

  /// The output of a command, and its exit code.
  struct Outcome {
    let exitCode: Int32
    let output: String
    let errors: String
  }

  /// Runs the command in `folder`, where relative paths start.
  ///
  /// The environment consists of the variables that programs need, and `environment`. Going beyond
  /// one of the `limits`, as the shell's `ulimit` takes them, ends the command with a signal.
  func run(
    _ arguments: [String], in folder: String, environment: [String: String] = [:],
    limits: [String] = []
  ) throws -> Outcome {
    try withTemporaryFolder { log in
      try start(arguments, in: folder, log: log, environment: environment, limits: limits).wait()
    }
  }

  static func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o700) == 0 else { throw ToolProblem.cannotStart("mkdir \(path)") }
  }

  /// Starts the command; its output is written to files in the folder `log`, as pipes would have to
  /// be drained side by side.
  func start(
    _ arguments: [String], in folder: String, log: String, environment: [String: String] = [:],
    limits: [String] = []
  ) throws -> RunningTool {
    // Glibc for Swift hides the spawn action that changes the folder; a shell does it as well.
    let limits = limits.map { "ulimit -S \($0) && " }.joined()
    let line = ["/bin/sh", "-c", "cd \"$0\" && \(limits) exec \"$@\"", folder, try path]
    return try Tool.spawn(line + arguments, log: log, environment: environment)
  }

  /// Runs a line of the shell, in which `$0` is `zero`, in `folder`.
  static func shell(_ line: String, _ zero: String, in folder: String) throws -> Outcome {
    try withTemporaryFolder { log in
      let vector = ["/bin/sh", "-c", "cd \"$1\" && \(line)", zero, folder]
      return try spawn(vector, log: log, environment: [:]).wait()
    }
  }

  /// The command's file.
  var path: String { get throws { try folderOfProducts() + "/" + rawValue } }

  private static func spawn(
    _ line: [String], log: String, environment: [String: String]
  ) throws -> RunningTool {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(log)/out", flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(log)/err", flags, 0o600)
    // Threads of tests block signals, and jobs in the background ignore some: neither is meant.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
    var vector = line.map { strdup($0) }
    vector.append(nil)
    var variables = Tool.variables.merging(environment) { $1 }.map { strdup("\($0)=\($1)") }
    variables.append(nil)
    defer { for text in vector + variables { free(text) } }
    var identifier: pid_t = 0
    guard posix_spawn(&identifier, line[0], &actions, &attributes, vector, variables) == 0 else {
      throw ToolProblem.cannotStart(line.joined(separator: " "))
    }
    return RunningTool(identifier: identifier, log: log)
  }

  private static var variables: [String: String] {
    var kept: [String: String] = [:]
    for name in ["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR", "SAM2_ISA"] {
      if let value = getenv(name) { kept[name] = String(cString: value) }
    }
    return kept
  }
}

/// A command under way.
struct RunningTool {
  fileprivate let identifier: pid_t
  fileprivate let log: String

  /// The text on its standard output so far.
  var output: String { text("\(log)/out") }

  /// The text on its standard error so far.
  var errors: String { text("\(log)/err") }

  /// Whether a program that it has started is running.
  var hasChild: Bool {
    fileBytes("/proc/\(identifier)/task/\(identifier)/children")?.isEmpty == false
  }

  func send(_ signal: Int32) { kill(identifier, signal) }

  /// Waits until `condition` holds or the command has ended; false when neither happens in a minute.
  func wait(until condition: () -> Bool) -> Bool {
    for _ in 0..<30_000 {
      if condition() { return true }
      var information = siginfo_t()
      let flags = WEXITED | WNOHANG | WNOWAIT
      waitid(P_PID, id_t(identifier), &information, flags)
      if information.si_signo != 0 { return true }
      usleep(2000)
    }
    return false
  }

  /// Waits for the end.
  func wait() -> Tool.Outcome {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    // A signal is reported as shells do, so that a crash never equals a documented code.
    let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    return Tool.Outcome(exitCode: code, output: text("\(log)/out"), errors: errors)
  }
}

enum ToolProblem: Error {
  case cannotStart(String)
  case failed(String)
  case noProducts
}

/// The folder of the test bundle, which also holds the commands.
private func folderOfProducts() throws -> String {
  var buffer = [CChar](repeating: 0, count: 4096)
  let count = readlink("/proc/self/exe", &buffer, buffer.count)
  guard count > 0 else { throw ToolProblem.noProducts }
  let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    .joined(separator: "/")
}

private func text(_ path: String) -> String {
  String(decoding: fileBytes(path) ?? [], as: UTF8.self)
}

/// Writes `text` to `path`.
func write(_ text: String, to path: String) { write(Array(text.utf8), to: path) }

/// Writes `bytes` to `path`.
func write(_ bytes: [UInt8], to path: String) {
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  _ = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
  close(file)
}

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
