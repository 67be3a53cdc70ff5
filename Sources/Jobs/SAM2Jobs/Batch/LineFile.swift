import Bytes
import Glibc

/// Reads text files of any size line by line, through one buffer.
enum LineFile {
  /// One line of a file.
  struct Line {
    let offset: Int
    /// The bytes without the line break, or nil if they exceed the limit.
    let bytes: [UInt8]?
    /// Whether a line break follows: the last line may lack one if its writer was killed.
    let isComplete: Bool
  }

  private static let chunkByteCount = 1 << 20

  /// Opens a regular file for reading; "-" means standard input, copied to a nameless temporary
  /// file.
  /// - Throws: `file.missing`, `file.unreadable`, `file.not_regular`, `output.write`.
  static func open(_ path: String) throws(Failure) -> Int32 {
    if path == "-" { return try copyOfStandardInput() }
    // Non-blocking, so that a named pipe is refused rather than waited for.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .opening(path, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw Failure(
        .missingInput, code: "file.not_regular", "is not a regular file",
        hint: "standard input is -", file: path)
    }
    return descriptor
  }

  private static func copyOfStandardInput() throws(Failure) -> Int32 {
    // Lines are read again when needed, which is impossible with a pipe.
    guard let file = tmpfile() else { throw copyFailure(errno) }
    let descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3)
    fclose(file)
    guard descriptor >= 0 else { throw copyFailure(errno) }
    var chunk = [UInt8](repeating: 0, count: chunkByteCount)
    while true {
      let count = Glibc.read(STDIN_FILENO, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      if count == 0 { return descriptor }
      guard count > 0, chunk.withUnsafeBytes({ write(descriptor, $0.prefix(count)) }) else {
        let problem = errno
        close(descriptor)
        throw copyFailure(problem)
      }
    }
  }

  /// Writes all of `bytes` at the descriptor's position; returns false and sets `errno` on failure.
  static func write(_ descriptor: Int32, _ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
    var rest = UnsafeRawBufferPointer(rebasing: bytes)
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return true
  }

  /// Calls `body` with each line; lines longer than `limit` bytes are passed without their bytes.
  static func forEachLine(
    of descriptor: Int32, limit: Int, _ body: (Line) throws(Failure) -> Void
  ) throws(Failure) {
    var line: [UInt8]? = []
    var lineStart = 0
    var place = 0
    while true {
      let chunk = try FileBytes.read(descriptor, place..<(place + chunkByteCount))
      if chunk.isEmpty { break }
      var start = chunk.startIndex
      while let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
        extend(&line, by: chunk[start..<end], limit)
        try body(Line(offset: lineStart, bytes: line, isComplete: true))
        line = []
        start = end + 1
        lineStart = place + start
      }
      extend(&line, by: chunk[start...], limit)
      place += chunk.count
    }
    if lineStart < place { try body(Line(offset: lineStart, bytes: line, isComplete: false)) }
  }

  private static func extend(_ line: inout [UInt8]?, by more: ArraySlice<UInt8>, _ limit: Int) {
    guard let count = line?.count else { return }
    if count + more.count > limit { line = nil } else { line?.append(contentsOf: more) }
  }

  private static func copyFailure(_ problem: Int32) -> Failure {
    Failure(
      .writing, code: "output.write",
      "standard input cannot be copied: \(String(cString: strerror(problem)))")
  }
}
