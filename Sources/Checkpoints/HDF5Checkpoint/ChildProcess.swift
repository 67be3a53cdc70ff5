import Bytes
import Glibc

/// Runs `HDF5Child` in a process of its own and reports how it ended.
struct ChildProcess {
  /// The program to start, which must hand its subcommand `hdf5-child` to `HDF5Child.run`.
  let program: String

  private enum Ending {
    case exited(Int32)
    case signalled(Int32)
    case outOfTime
  }

  /// Maximum bytes that are kept of the child's messages.
  private static let maximumErrorByteCount = 1 << 16

  /// Runs the child on `input` and lets it write to `output`.
  ///
  /// - Throws: what the child reports; `h5.child_start`, `h5.child_crashed`, `h5.timeout`.
  func run(
    _ arguments: [String], input: borrowing FileDescriptor, output: borrowing FileDescriptor
  ) throws(Failure) {
    let limits = ChildLimits(fileByteCount: input.byteCount)
    var ends: [Int32] = [-1, -1]
    // Sockets, since Swift cannot open pipes as close-on-exec in one step, and another child that
    // inherits the writing end would keep it open.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0, let errors = FileDescriptor(ends[0]),
      let errorsOfChild = FileDescriptor(ends[1])
    else { throw ChildProcess.startFailure(errno) }
    let process = try start(
      [HDF5Child.commandName] + arguments, input: input.number, output: output.number,
      errors: errorsOfChild.number)
    // Only the child may hold the writing end, or its end would never be seen.
    _ = consume errorsOfChild
    let deadline = ChildProcess.now() + Double(limits.clockSeconds)
    let message = ChildProcess.read(errors, until: deadline)
    switch ChildProcess.wait(for: process, until: deadline) {
    case .exited(0): return
    case .exited: throw Failure(childOutput: message) ?? ChildProcess.crash("without a reason")
    case .signalled(SIGXCPU), .signalled(SIGKILL):
      // The kernel sends SIGKILL at the hard limit of processor time, which is the same second.
      throw ChildProcess.timeFailure(limits)
    case .signalled(let signal): throw ChildProcess.crash("by signal \(signal)")
    case .outOfTime: throw ChildProcess.timeFailure(limits)
    }
  }

  // MARK: - Starting

  /// This program when it is `sam2-convert`, else the `sam2-convert` beside it.
  ///
  /// Never simply this program: one that knows no `hdf5-child` could start itself without end.
  /// - Throws: `h5.child_start` when there is none.
  static func converter() throws(Failure) -> String {
    let own = "/proc/self/exe"
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(own, &buffer, buffer.count)
    guard count > 0, count < buffer.count else { throw startFailure(errno) }
    let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if parts.last?.hasPrefix(converterName) == true { return own }
    let sibling = (parts.dropLast() + [Substring(converterName)]).joined(separator: "/")
    guard access(sibling, X_OK) == 0 else {
      throw Failure(
        .internalError, code: "h5.child_start",
        "reading HDF5 takes the program \(converterName), which is not beside this one")
    }
    return sibling
  }

  private static let converterName = "sam2-convert"

  private func start(
    _ arguments: [String], input: Int32, output: Int32, errors: Int32
  ) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)
    posix_spawn_file_actions_adddup2(&actions, input, HDF5Child.inputDescriptor)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

    var vector = ([program] + arguments).map { strdup($0) } + [nil]
    var variables = ChildProcess.environment().map { strdup($0) } + [nil]
    defer { for text in vector + variables { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, program, &actions, &attributes, &vector, &variables)
    guard code == 0 else { throw ChildProcess.startFailure(code) }
    return process
  }

  /// Only the path of the shared libraries; no plugins, and no locks, which some file systems lack.
  private static func environment() -> [String] {
    var variables = ["HDF5_PLUGIN_PRELOAD=::", "HDF5_USE_FILE_LOCKING=FALSE"]
    if let path = getenv("LD_LIBRARY_PATH") {
      variables.append("LD_LIBRARY_PATH=\(String(cString: path))")
    }
    return variables
  }

  // MARK: - Waiting

  /// The child's messages until it closes its end, which it does by ending.
  private static func read(
    _ errors: borrowing FileDescriptor, until deadline: Double
  ) -> [UInt8] {
    var message: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let rest = deadline - now()
      guard rest > 0 else { return message }
      var poller = pollfd(fd: errors.number, events: Int16(POLLIN), revents: 0)
      let ready = poll(&poller, 1, Int32(min(rest * 1000 + 1, 1e6)))
      if ready < 0, errno != EINTR { return message }
      guard ready > 0 else { continue }
      let count = Glibc.read(errors.number, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return message }
      // The reason is the last line; what comes before it may be dropped.
      message += buffer[..<count]
      if message.count > maximumErrorByteCount {
        message.removeFirst(message.count - maximumErrorByteCount)
      }
    }
  }

  /// Waits for the end, and brings it about at the deadline.
  private static func wait(for process: pid_t, until deadline: Double) -> Ending {
    var status: Int32 = 0
    var pause: UInt32 = 100
    while true {
      let ended = waitpid(process, &status, WNOHANG)
      if ended == process { return ending(status) }
      if ended < 0, errno != EINTR { return .exited(-1) }
      if now() >= deadline {
        kill(process, SIGKILL)
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return .outOfTime
      }
      // Its end of the pipe is closed, so it is about to end.
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
  }

  private static func ending(_ status: Int32) -> Ending {
    status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  // MARK: - Failures

  private static func crash(_ how: String) -> Failure {
    Failure(
      .badInput, code: "h5.child_crashed", "libhdf5 failed on this file: its process ended \(how)",
      hint: "the file is damaged or hostile; convert it with h5py to safetensors where you trust it"
    )
  }

  private static func timeFailure(_ limits: ChildLimits) -> Failure {
    Failure(
      .badInput, code: "h5.timeout",
      "reading took more than \(limits.processorSeconds) s of processor time "
        + "or \(limits.clockSeconds) s in all")
  }

  private static func startFailure(_ code: Int32) -> Failure {
    Failure(
      .internalError, code: "h5.child_start",
      "cannot start the process that reads HDF5: \(FileDescriptor.message(code))")
  }
}
