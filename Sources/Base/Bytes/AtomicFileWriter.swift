internal import CLinux
import Glibc

/// Writes the temporary of an `AtomicFile`: buffered and in order, with patches at known offsets.
public struct AtomicFileWriter: ~Copyable {
  /// Bytes appended so far.
  public private(set) var byteCount = 0
  private let path: String
  private var temporary: TemporaryFile
  private var buffer: [UInt8] = []
  private static let bufferByteCount = 1 << 18
  /// Offset of the first byte that the disk has not yet been asked to write.
  private var unsentOffset = 0
  private static let sentByteCount = 8 << 20

  /// Creates the temporary for the file `name`.
  init(in folder: OutputDirectory, name: String) throws(Failure) {
    path = folder.file(name)
    temporary = try TemporaryFile(in: folder, for: name)
    buffer.reserveCapacity(AtomicFileWriter.bufferByteCount)
  }

  /// The open file, for a child process that writes it instead of this one.
  public var descriptor: Int32 { temporary.descriptor }

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

  /// Lets the disk start on the bytes so far while the rest is still being produced.
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

  /// Overwrites bytes appended earlier, for a header that is known only at the end.
  public mutating func patch(_ bytes: [UInt8], at offset: Int) throws(Failure) {
    precondition(offset >= 0 && offset + bytes.count <= byteCount, "patch outside the file")
    try flush()
    var failure: Failure?
    bytes.withUnsafeBytes { raw in
      do throws(Failure) { try writeAll(raw, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Writes buffered bytes, waits until the disk has everything, and gives the file its name.
  /// - Throws: `output.exists`, `output.write`.
  public mutating func publish(replaceExisting: Bool) throws(Failure) {
    try flush()
    guard fsync(descriptor) == 0 else { throw AtomicFileWriter.writeFailure(path, errno) }
    try temporary.publish(replaceExisting: replaceExisting)
    try temporary.syncFolder()
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

  /// Writes all bytes; short writes and interruptions are normal, and writing resumes after both.
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
      .writing, code: "output.write", "writing failed: \(systemMessage(code))", file: path)
  }
}

/// The bytes of `value`, least significant first.
public func littleEndianBytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
