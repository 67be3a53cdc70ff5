import Glibc

/// Writes the temporary of an `AtomicFile`: buffered, in order, with patches at known places.
public struct AtomicFileWriter: ~Copyable {
  /// Bytes appended so far.
  public private(set) var byteCount = 0
  let temporaryPath: String
  private let path: String
  private var descriptor: Int32 = -1
  private var ownsTemporary = true
  private var buffer: [UInt8] = []
  private static let bufferByteCount = 1 << 18

  /// Creates the temporary beside `path`.
  init(temporaryFor path: String) throws(Failure) {
    self.path = path
    var name = ""
    var attempt = 0
    repeat {
      name = "\(path).tmp-\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
      descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      attempt += 1
    } while descriptor < 0 && errno == EEXIST && attempt < 16
    let code = errno
    temporaryPath = name
    guard descriptor >= 0 else {
      ownsTemporary = false
      throw Failure(
        .cannotCreate, code: "output.create", "cannot be created: \(systemMessage(code))",
        file: path)
    }
    buffer.reserveCapacity(AtomicFileWriter.bufferByteCount)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if ownsTemporary { unlink(temporaryPath) }
  }

  // MARK: - Appending

  /// Appends `bytes`.
  /// - Throws: `output.write` when the disk is full or fails.
  public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    if buffer.count + bytes.count > AtomicFileWriter.bufferByteCount { try flush() }
    if bytes.count >= AtomicFileWriter.bufferByteCount {
      try writeAll(bytes, at: byteCount)
    } else {
      buffer.append(contentsOf: bytes)
    }
    byteCount += bytes.count
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

  /// Writes what is buffered and waits until the disk has it.
  mutating func finish() throws(Failure) {
    try flush()
    guard fsync(descriptor) == 0 else { throw AtomicFileWriter.writeFailure(path, errno) }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw AtomicFileWriter.writeFailure(path, errno) }
  }

  /// After the rename there is no temporary to remove.
  mutating func disown() { ownsTemporary = false }

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
