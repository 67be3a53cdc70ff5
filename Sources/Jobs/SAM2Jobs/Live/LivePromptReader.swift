public import Bytes
import Glibc
import JobSupport

/// Prompts that arrive line by line on standard input, in a file or through a named pipe while a
/// live video is being tracked.
///
/// Nothing is read before it is asked for, so a writer that is too fast has to wait.
public final class LivePromptReader {
  /// The folder from which relative names of masks start.
  let folder: String
  private let name: String
  private var descriptor: Int32
  private let isOwned: Bool
  private var line: [UInt8] = []
  private var lineCount = 0
  /// Whether the current line is longer than any action and is being skipped.
  private var isTooLong = false
  static let lineByteLimit = 1 << 20

  /// Reads standard input.
  public init() {
    (descriptor, isOwned, folder, name) = (STDIN_FILENO, false, ".", "standard input")
  }

  /// Reads a file, or a named pipe to which any number of programs may write in succession.
  /// - Throws: `file.missing`, `file.unreadable`, `file.directory`.
  public init(path: String) throws(Failure) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .opening(path, errno) }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else {
      throw Failure(.badInput, code: "file.directory", "is a folder, not a file", file: path)
    }
    // A pipe that is also open for writing here does not end when a writer closes it.
    let mode = kind == S_IFIFO ? O_RDWR : O_RDONLY
    descriptor = open(path, mode | O_CLOEXEC)
    guard descriptor >= 0 else { throw .opening(path, errno) }
    (isOwned, folder, name) = (true, folderName(path), path)
  }

  deinit { if isOwned, descriptor >= 0 { close(descriptor) } }

  /// The descriptor to wait for; -1 after the end.
  var readiness: Int32 { descriptor }

  /// Whether no more lines will arrive.
  var isAtEnd: Bool { descriptor < 0 }

  /// One line, or the reason it cannot be used.
  typealias Line = (number: Int, action: Result<LiveAction, Failure>)

  /// The lines available so far, without waiting; empty lines are omitted.
  func linesSoFar() -> [Line] {
    var lines: [Line] = []
    while lines.isEmpty, descriptor >= 0, hasInput {
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else {
        endLine(&lines)
        if isOwned { close(descriptor) }
        descriptor = -1
        break
      }
      for byte in chunk[..<count] {
        if byte == UInt8(ascii: "\n") { endLine(&lines) } else { add(byte) }
      }
    }
    return lines
  }

  private var hasInput: Bool {
    var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&state, 1, 0) > 0
  }

  private func add(_ byte: UInt8) {
    if line.count >= LivePromptReader.lineByteLimit { isTooLong = true }
    if !isTooLong { line.append(byte) }
  }

  private func endLine(_ lines: inout [Line]) {
    lineCount += 1
    defer { (line, isTooLong) = ([], false) }
    let number = lineCount
    let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    guard !isBlank || isTooLong else { return }
    let result = Result { () throws(Failure) in
      guard !isTooLong else {
        throw Failure(
          .badInput, code: "live.line",
          "a line has more than \(LivePromptReader.lineByteLimit) bytes", place: "line \(number)")
      }
      return try LiveAction(parsing: line, line: number)
    }
    lines.append((number, result.mapError { $0.about(file: name) }))
  }
}
