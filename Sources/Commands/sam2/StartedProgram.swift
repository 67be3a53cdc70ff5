import Bytes
import CLISupport
import CLinux
import Glibc
import JobSupport

/// Another program started by a command, without standard channels.
struct StartedProgram {
  private let identifier: pid_t

  /// Starts the file `program` with `arguments`, in its own process group if signals meant for this
  /// command must not reach it.
  /// - Throws: `process.failed`.
  init(_ program: String, _ arguments: [String], inOwnGroup: Bool = false) throws(Failure) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for channel in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
      posix_spawn_file_actions_addopen(&actions, channel, "/dev/null", O_RDWR, 0)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    if inOwnGroup { posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP)) }
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var identifier: pid_t = 0
    let problem = posix_spawn(
      &identifier, program, &actions, &attributes, &words, sam2_environment())
    guard problem == 0 else {
      throw Failure(
        .inputOutput, code: "process.failed",
        "cannot be started: \(String(cString: strerror(problem)))", file: program)
    }
    self.identifier = identifier
  }

  /// Waits for the program to end.
  /// - Returns: the exit code, or 128 plus the signal's number if a signal ended it.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    return StartedProgram.code(status)
  }

  /// Waits for the program to end, but no longer than `seconds`.
  /// - Returns: as `wait()`; nil if it is still running.
  func wait(seconds: Double) -> Int32? {
    let end = StageClock.now() + seconds
    repeat {
      var status: Int32 = 0
      if waitpid(identifier, &status, WNOHANG) == identifier { return StartedProgram.code(status) }
      usleep(10_000)
    } while StageClock.now() < end
    return nil
  }

  private static func code(_ status: Int32) -> Int32 {
    status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
  }

  /// The file of the program `name`, searched for in `folders`, then in the folders of $PATH.
  static func find(_ name: String, among folders: [String] = []) -> String? {
    let path = (Console.variable("PATH") ?? "").split(separator: ":").map(String.init)
    return (folders + path).map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// The folder that contains this command's own file.
  static var ownFolder: String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return nil }
    return folderName(
      String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}
