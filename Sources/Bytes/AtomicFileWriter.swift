internal import CSystem
import Glibc

/// Writes the temporary of an `AtomicFile`: buffered, in order, with patches at known places.
///
/// Where the file system can, the temporary has no name until it is complete, so that a killed
/// process leaves nothing behind.
public struct AtomicFileWriter: ~Copyable {
  /// Bytes appended so far.
  public private(set) var byteCount = 0
  private let path: String
  /// Nil while the temporary has no name.
  private var temporaryPath: String?
  /// Removes the named temporary when a signal ends the process.
  private var ticket: Unfinished.Ticket?
  private var descriptor: Int32 = -1
  private var buffer: [UInt8] = []
  private static let bufferByteCount = 1 << 18
  /// Where the bytes start that the disk has not been asked to take yet.
  private var unsentOffset = 0
  private static let sentByteCount = 8 << 20

  /// Creates the temporary in the folder of `path`.
  init(temporaryFor path: String) throws(Failure) {
    self.path = path
    descriptor = AtomicFileWriter.openNameless(in: AtomicFile.folder(of: path))
    var attempt = 0
    while descriptor < 0, attempt < 16 {
      let name = AtomicFileWriter.temporaryName(for: path)
      descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        temporaryPath = name
        ticket = Unfinished.file(name)
      } else if errno != EEXIST {
        break
      }
      attempt += 1
    }
    let code = errno
    guard descriptor >= 0 else {
      throw Failure(
        .cannotCreate, code: "output.create", "cannot be created: \(systemMessage(code))",
        file: path)
    }
    buffer.reserveCapacity(AtomicFileWriter.bufferByteCount)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if let temporaryPath { unlink(temporaryPath) }
    ticket?.done()
  }

  /// A file that only its descriptor leads to; -1 where that, or naming it later, is impossible.
  private static func openNameless(in folder: String) -> Int32 {
    guard access("/proc/self/fd", X_OK) == 0 else { return -1 }
    // O_TMPFILE, whose definition Swift does not import.
    let nameless: Int32 = 0o20000000 | O_DIRECTORY
    return open(folder, O_RDWR | nameless | O_CLOEXEC, 0o666)
  }

  private static func temporaryName(for path: String) -> String {
    "\(path).tmp-\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
  }

  // MARK: - Appending

  /// Appends `bytes`.
  /// - Throws: `output.write` when the disk is full or fails.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    if buffer.count + bytes.count > AtomicFileWriter.bufferByteCount { try flush() }
    if bytes.count >= AtomicFileWriter.bufferByteCount {
      try writeAll(bytes, at: byteCount)
      send(upTo: byteCount + bytes.count)
    } else {
      buffer.append(contentsOf: bytes)
    }
    byteCount += bytes.count
  }

  /// Lets the disk begin with what it has to take in the end, while the rest is still made.
  private mutating func send(upTo end: Int) {
    let count = end - unsentOffset
    guard count >= AtomicFileWriter.sentByteCount else { return }
    sam2_start_writeback(descriptor, Int64(unsentOffset), Int64(count))
    unsentOffset = end
  }

  /// Appends `bytes`.
  public mutating func write(_ bytes: [UInt8]) throws(Failure) {
    var failure: Failure?
    bytes.withUnsafeBytes { raw in
      do throws(Failure) { try write(raw) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Appends the UTF-8 bytes of `text`.
  public mutating func write(_ text: String) throws(Failure) { try write(Array(text.utf8)) }

  /// Appends `value` in little-endian order.
  public mutating func write<T: FixedWidthInteger>(littleEndian value: T) throws(Failure) {
    try write(littleEndianBytes(value))
  }

  /// Appends zeros up to the next multiple of `alignment`, which must be at least 1.
  public mutating func pad(toMultipleOf alignment: Int) throws(Failure) {
    let rest = byteCount % alignment
    if rest != 0 { try write([UInt8](repeating: 0, count: alignment - rest)) }
  }

  // MARK: - Patching and finishing

  /// Overwrites bytes that were appended before, for a header that is known only at the end.
  public mutating func patch(_ bytes: [UInt8], at offset: Int) throws(Failure) {
    precondition(offset >= 0 && offset + bytes.count <= byteCount, "patch outside the file")
    try flush()
    var failure: Failure?
    bytes.withUnsafeBytes { raw in
      do throws(Failure) { try writeAll(raw, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Writes what is buffered, waits until the disk has it, and gives the file its name.
  /// - Throws: `output.exists`, `output.write`.
  mutating func publish(replaceExisting: Bool) throws(Failure) {
    try flush()
    guard fsync(descriptor) == 0 else { throw AtomicFileWriter.writeFailure(path, errno) }
    if !replaceExisting {
      // Linking refuses a name that another process took since the first check.
      if linked(to: path) { return }
      if errno == EEXIST { throw AtomicFile.existsFailure(path) }
      // File systems without hard links get the plain rename below.
    }
    if temporaryPath == nil {
      let name = AtomicFileWriter.temporaryName(for: path)
      guard linked(to: name) else { throw AtomicFileWriter.writeFailure(path, errno) }
      temporaryPath = name
    }
    guard let name = temporaryPath, rename(name, path) == 0 else {
      throw AtomicFileWriter.writeFailure(path, errno)
    }
    temporaryPath = nil
  }

  /// Makes `name` lead to the temporary; says why not in `errno`.
  private func linked(to name: String) -> Bool {
    if let temporaryPath { return link(temporaryPath, name) == 0 }
    let origin = "/proc/self/fd/\(descriptor)"
    return linkat(AT_FDCWD, origin, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0
  }

  private mutating func flush() throws(Failure) {
    guard !buffer.isEmpty else { return }
    var failure: Failure?
    let start = byteCount - buffer.count
    buffer.withUnsafeBytes { raw in
      do throws(Failure) { try writeAll(raw, at: start) } catch { failure = error }
    }
    buffer.removeAll(keepingCapacity: true)
    if let failure { throw failure }
  }

  /// Short writes and interruptions are normal; both go on.
  private func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw AtomicFileWriter.writeFailure(path, errno) }
      done += written
    }
  }

  static func writeFailure(_ path: String, _ code: Int32) -> Failure {
    Failure(
      .inputOutput, code: "output.write", "writing failed: \(systemMessage(code))", file: path)
  }
}

/// The bytes of `value`, least significant first.
public func littleEndianBytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
