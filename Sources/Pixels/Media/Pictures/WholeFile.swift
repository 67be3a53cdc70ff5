import Bytes
import Glibc

/// Whole files in memory.
///
/// Pictures are read, not mapped: a mapped file that someone truncates would kill the process.
enum WholeFile {
  /// A picture of the largest allowed size does not need more.
  static let maximumByteCount = 1 << 30

  /// All bytes of a regular file.
  static func read(_ path: String) throws(Failure) -> [UInt8] {
    let (descriptor, byteCount) = try openRegular(path)
    defer { close(descriptor) }
    guard byteCount <= maximumByteCount else {
      throw Failure(
        .badInput, code: "image.too_large",
        "the file has \(byteCount) bytes, more than the limit of \(maximumByteCount)")
    }
    return try FileBytes.read(descriptor, 0..<byteCount)
  }

  /// The first bytes of a regular file, at most `byteCount`.
  static func head(_ path: String, byteCount: Int) throws(Failure) -> [UInt8] {
    do {
      let (descriptor, available) = try openRegular(path)
      defer { close(descriptor) }
      return try FileBytes.read(descriptor, 0..<min(available, byteCount))
    } catch {
      throw error.about(file: path)
    }
  }

  /// The size of a regular file.
  static func byteCount(_ path: String) throws(Failure) -> Int {
    do {
      let (descriptor, byteCount) = try openRegular(path)
      close(descriptor)
      return byteCount
    } catch {
      throw error.about(file: path)
    }
  }

  private static func openRegular(
    _ path: String
  ) throws(Failure) -> (descriptor: Int32, byteCount: Int) {
    // Not blocking, so that a named pipe is refused instead of waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw cannotOpen(errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let problem = errno
      close(descriptor)
      throw cannotOpen(problem)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw Failure(
        .badInput, code: isFolder ? "file.directory" : "file.not_regular",
        isFolder ? "is a folder, not a file" : "is not a regular file")
    }
    return (descriptor, status.st_size)
  }

  private static func cannotOpen(_ problem: Int32) -> Failure {
    if problem == ENOENT || problem == ENOTDIR {
      return Failure(.missingInput, code: "file.missing", "no such file")
    }
    return Failure(
      .missingInput, code: "file.unreadable",
      "cannot be opened: \(String(cString: strerror(problem)))")
  }
}
