import Bytes
import CImageCodecs
import Glibc

/// A program with a pipe to its standard input or output, whose error output is kept up to a limit.
///
/// While the owner reads or writes, the error output is drained, so that a child that writes a lot
/// never blocks. The child is always reaped: by `finish`, or killed and reaped by `deinit`.
final class ChildProcess {
  enum Direction {
    case readingFromChild
    case writingToChild
  }

  /// How a child ended, if it has.
  enum Ending: Equatable {
    case running
    case exited(Int32)
    /// Ended by a signal: it crashed or exceeded its limits.
    case crashed(Int32)
    /// Killed after a period of inactivity.
    case stalled
    /// Killed on purpose, because its work is no longer needed.
    case interrupted
    /// It used up its processor time.
    case outOfTime
  }

  private(set) var ending = Ending.running
  let limits: ChildLimits
  private let patience: Int32
  /// A descriptor that ends the child when it becomes readable; -1 for none.
  private let interruption: Int32
  private var identifier: pid_t = 0
  /// Lets the child be killed when a signal ends this process.
  private var ticket: Unfinished.Ticket?
  /// This process's end of the child's standard input or output; -1 once closed.
  private var data: Int32 = -1
  private var errors: Int32 = -1
  private var errorBytes: [UInt8] = []
  private static let errorByteLimit = 4096
  /// No other variables are passed to the child: FFREPORT, for example, names files to write.
  private static let passedVariables = ["PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR"]
  /// Milliseconds without a byte before a child counts as stalled.
  static let usualPatience: Int32 = 120_000

  /// The path of the `output` descriptor in the child.
  static let outputPath = "/proc/self/fd/3"

  /// Starts `program`, looked up in PATH, with exactly these arguments and no shell.
  ///
  /// A child that is read from has `input` on its standard input, or the channel `inputChannel`;
  /// one with an `output` has that descriptor at `outputPath`. It is killed if nothing comes for
  /// `patience` milliseconds, or if the descriptor `interruption` becomes readable. Without
  /// `limits`, a child that is read from gets the limits for decoding a small file, and one that is
  /// written to gets those for encoding.
  /// Failures: `ffmpeg.missing` if there is no such program, `process.failed`.
  init(
    _ program: String, _ arguments: [String], _ direction: Direction, input: [UInt8] = [],
    inputChannel: Int32? = nil, output: Int32? = nil, limits: ChildLimits? = nil,
    patience: Int32 = usualPatience, interruption: Int32? = nil
  ) throws(Failure) {
    self.patience = patience
    self.interruption = interruption ?? -1
    self.limits = limits ?? (direction == .writingToChild ? .encoding : .decoding(byteCount: 0))
    let (ours, theirs) = try ChildProcess.channel()
    data = ours
    defer { close(theirs) }
    let (ourErrors, theirErrors) = try ChildProcess.channel()
    errors = ourErrors
    defer { close(theirErrors) }

    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { if null >= 0 { close(null) } }
    let memory = input.isEmpty ? null : codec_memory_file(input, input.count)
    defer { if memory >= 0, memory != null { close(memory) } }
    guard null >= 0, memory >= 0 else {
      throw Failure(
        .inputOutput, code: "process.failed",
        "cannot hand data to \(program): \(String(cString: strerror(errno)))")
    }
    var descriptors =
      switch direction {
      case .readingFromChild: [inputChannel ?? memory, theirs, theirErrors]
      case .writingToChild: [theirs, null, theirErrors]
      }
    if let output { descriptors.append(output) }
    identifier = try ChildProcess.start([program] + arguments, descriptors, self.limits)
    ticket = Unfinished.child(identifier)
  }

  /// Starts a program with `descriptors` as its descriptors 0, 1 and so on; it has no others.
  private static func start(
    _ words: [String], _ descriptors: [Int32], _ limits: ChildLimits
  ) throws(Failure) -> pid_t {
    var vector: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    vector.append(nil)
    var environment: [UnsafeMutablePointer<CChar>?] = []
    for name in ChildProcess.passedVariables {
      guard let value = getenv(name) else { continue }
      environment.append(strdup("\(name)=\(String(cString: value))"))
    }
    environment.append(nil)
    defer { for text in vector + environment { free(text) } }
    var identifier: pid_t = 0
    var bounds = limits.native
    let problem = codec_start_child(
      &identifier, vector, environment, descriptors, Int32(descriptors.count), &bounds)
    guard problem == 0 else { throw cannotStart(words[0], problem) }
    return identifier
  }

  deinit {
    if data >= 0 { close(data) }
    if errors >= 0 { close(errors) }
    if identifier > 0 {
      kill(identifier, SIGKILL)
      _ = reap()
    }
  }

  /// Two connected ends, both closed in children unless passed on.
  ///
  /// Uses sockets instead of a pipe, because they can be written to without SIGPIPE.
  private static func channel() throws(Failure) -> (ours: Int32, theirs: Int32) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw Failure(
        .inputOutput, code: "process.failed",
        "cannot make a pipe: \(String(cString: strerror(errno)))")
    }
    return (ends[0], ends[1])
  }

  private static func cannotStart(_ program: String, _ problem: Int32) -> Failure {
    if problem == ENOENT {
      return Failure(
        .missingInput, code: "ffmpeg.missing", "the program \(program) is not installed",
        hint: "apt-get install ffmpeg, or use a folder of JPEG frames", cause: .missingProgram)
    }
    return Failure(
      .inputOutput, code: "process.failed",
      "cannot start \(program): \(String(cString: strerror(problem)))")
  }

  // MARK: - Data

  /// Fills `buffer` from the child; fewer bytes mean that its output ended or `finish` was called.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var filled = 0
    while data >= 0, filled < buffer.count, wait(for: Int16(POLLIN)) {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = recv(data, rest.baseAddress, rest.count, 0)
      if count < 0, errno == EINTR { continue }
      // A child that dies with unread input resets the connection, which ends its output.
      if count <= 0 { break }
      filled += count
    }
    return filled
  }

  /// Writes all of `bytes` to the child; false if it stopped reading.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count {
      guard wait(for: Int16(POLLOUT)) else { return false }
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
      let count = send(data, rest.baseAddress, rest.count, flags)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  /// Waits until data can be transferred, draining the error output; false if waiting fails or the
  /// child is ended.
  private func wait(for event: Int16) -> Bool {
    while true {
      var descriptors = [
        pollfd(fd: data, events: event, revents: 0),
        pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        pollfd(fd: interruption, events: Int16(POLLIN), revents: 0),
      ]
      let count = poll(&descriptors, nfds_t(descriptors.count), patience)
      if count < 0, errno == EINTR { continue }
      if count <= 0 {
        if count == 0 { end(as: .stalled) }
        return false
      }
      if descriptors[2].revents != 0 {
        end(as: .interrupted)
        return false
      }
      if descriptors[1].revents != 0 { drainErrors() }
      if descriptors[0].revents != 0 { return true }
    }
  }

  private func end(as ending: Ending) {
    guard identifier > 0 else { return }
    kill(identifier, SIGKILL)
    self.ending = ending
  }

  /// Collects the complaints written so far, without waiting.
  func lookForErrors() {
    while errors >= 0 {
      var descriptor = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 0) > 0, drainErrors() else { return }
    }
  }

  /// Keeps only the beginning, which has the cause; false at the end of the error output.
  @discardableResult
  private func drainErrors() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = recv(errors, &chunk, chunk.count, 0)
    if count < 0, errno == EINTR { return true }
    guard count > 0 else {
      close(errors)
      // poll() ignores negative descriptors.
      errors = -1
      return false
    }
    errorBytes += chunk[..<count].prefix(ChildProcess.errorByteLimit - errorBytes.count)
    return true
  }

  // MARK: - The end

  /// Closes the data channel and waits for the child; true if the child succeeded.
  func finish() -> Bool {
    if data >= 0 { close(data) }
    data = -1
    while errors >= 0, drainErrors() {}
    return reap() == 0
  }

  /// Reaps the child and returns its wait status; -1 if there is no child left.
  private func reap() -> Int32 {
    guard identifier > 0 else { return -1 }
    var status: Int32 = -1
    var usage = rusage()
    while wait4(identifier, &status, 0, &usage) < 0, errno == EINTR {}
    ticket?.done()
    identifier = 0
    guard ending != .stalled, ending != .interrupted else { return status }
    ending = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .crashed(status & 0x7F)
    // Some programs handle the signal at the limit by exiting.
    if status != 0, let limit = limits.processorSeconds,
      ending == .crashed(SIGXCPU)
        || Self.seconds(usage) >= Double(limit) * Self.countedShare
    {
      ending = .outOfTime
    }
    return status
  }

  /// Share of the limit that counts as reaching it: the kernel reports time exactly but enforces
  /// limits by clock ticks, which a busy machine may charge to the wrong process.
  private static let countedShare = 0.75

  /// Processor time in seconds.
  private static func seconds(_ usage: rusage) -> Double {
    let whole = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    return Double(whole) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
  }

  /// The first lines of the child's complaints, safe for a terminal even if they quote the file.
  ///
  /// Memory addresses that ffmpeg puts into them are removed, since they differ from run to run.
  var complaint: String {
    let lines = String(decoding: errorBytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      .filter { !$0.contains("Last message repeated") }
      .map { $0.replacing(/\ @ 0x[0-9a-f]+/, with: "") }
    return printable(lines.prefix(3).joined(separator: "; "), limit: 300)
  }
}
