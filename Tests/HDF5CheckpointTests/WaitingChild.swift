import Glibc
import TestSupport
import Testing

/// The converter's HDF5 child at the moment when it has begun to write and nobody reads.
struct WaitingChild {
  private let process: pid_t
  private let output: Int32

  private static let patience: Int32 = 20_000

  /// Starts the child on the file at `path`, and waits until it writes.
  init(reading path: String) throws {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    output = ends[0]
    defer { close(ends[1]) }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    try #require(file > 3)
    defer { close(file) }
    process = try WaitingChild.start(output: ends[1], input: file)
    var poller = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    try #require(poll(&poller, 1, WaitingChild.patience) == 1, "the child writes nothing")
  }

  private static func start(output: Int32, input: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, input, 3)
    let words = [try converter(), "hdf5-child", "--list"]
    var vector = words.map { strdup($0) } + [nil]
    defer { for text in vector { free(text) } }
    var process: pid_t = 0
    try #require(posix_spawn(&process, words[0], &actions, nil, &vector, environ) == 0)
    return process
  }

  /// The program beside the tests.
  private static func converter() throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    try #require(count > 0)
    let own = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    let folder = own.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return (folder + ["sam2-convert"]).joined(separator: "/")
  }

  /// The rows of `/proc/PID/status`.
  func status() throws -> [String: String] {
    var rows: [String: String] = [:]
    for line in try lines("status") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      rows[String(parts[0])] = String(parts[1].drop { $0 == "\t" || $0 == " " })
    }
    return rows
  }

  /// The number of descriptors that the process may open.
  func openFileLimit() throws -> Int? {
    let title = "Max open files"
    let line = try lines("limits").first { $0.hasPrefix(title) }
    return line?.dropFirst(title.count).split(separator: " ").first.flatMap { Int($0) }
  }

  private func lines(_ name: String) throws -> [Substring] {
    let bytes = try #require(fileBytes("/proc/\(process)/\(name)"))
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }

  func end() {
    kill(process, SIGKILL)
    while waitpid(process, nil, 0) < 0, errno == EINTR {}
    close(output)
  }
}
