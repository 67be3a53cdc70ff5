import Bytes
import Glibc

/// Reads whole files into memory.
///
/// Pictures are read, not mapped: truncating a mapped file would kill the process.
enum WholeFile {
  /// All bytes of a regular file of at most `limit` bytes.
  static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
    let (descriptor, byteCount) = try openRegular(path)
    defer { close(descriptor) }
    guard byteCount <= limit else {
      throw Failure(
        .badInput, code: "image.too_large",
        "the file has \(byteCount) bytes, more than the limit of \(limit)",
        hint: "raise the limit of pixels (sam2: --max-pixels)")
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

  /// Calls `body` with a function that reads ranges of a regular file; ranges that extend beyond
  /// its end give fewer bytes.
  static func read<Result>(
    _ path: String, _ body: ((Range<Int>) throws(Failure) -> [UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    do throws(Failure) {
      let (descriptor, _) = try openRegular(path)
      defer { close(descriptor) }
      return try body { (range) throws(Failure) in try FileBytes.read(descriptor, range) }
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
    // Non-blocking, so that a named pipe is refused instead of waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .opening(path, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let problem = errno
      close(descriptor)
      throw .opening(path, problem)
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
}
