/// A position in some bytes, and a limit: reads little-endian values with checks, and never traps.
///
/// Reading moves the lower bound up; a failed read leaves the cursor where it was. Offsets are
/// absolute in the storage, so a sub-cursor reports places in the whole file.
public struct ByteCursor: Sendable {
  public let storage: ByteStorage
  /// The bytes left to read, as offsets in `storage`.
  public private(set) var range: Range<Int>
  private let truncationCode: String

  /// A cursor over all of `storage`.
  ///
  /// Reads past the end fail with `truncationCode`.
  public init(_ storage: ByteStorage, truncationCode: String) {
    self.storage = storage
    self.range = 0..<storage.byteCount
    self.truncationCode = truncationCode
  }

  /// A cursor over the part `range` of `storage`.
  ///
  /// - Throws: `truncationCode` when the range is not inside the storage.
  public init(
    _ storage: ByteStorage, range: Range<Int>, truncationCode: String
  ) throws(Failure) {
    self.init(storage, truncationCode: truncationCode)
    try seek(toOffset: range.lowerBound)
    self = try slice(byteCount: range.count)
  }

  private init(_ parent: ByteCursor, range: Range<Int>) {
    self.storage = parent.storage
    self.range = range
    self.truncationCode = parent.truncationCode
  }

  /// Offset of the next byte in the storage.
  public var offset: Int { range.lowerBound }
  public var remainingCount: Int { range.count }
  public var isAtEnd: Bool { range.isEmpty }

  // MARK: - Integers

  /// The next byte.
  public mutating func readUInt8() throws(Failure) -> UInt8 { try read(UInt8.self) }
  /// The next two bytes.
  public mutating func readUInt16() throws(Failure) -> UInt16 { try read(UInt16.self) }
  /// The next four bytes.
  public mutating func readUInt32() throws(Failure) -> UInt32 { try read(UInt32.self) }
  /// The next eight bytes.
  public mutating func readUInt64() throws(Failure) -> UInt64 { try read(UInt64.self) }

  /// The next little-endian integer of type `T`.
  public mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type
  ) throws(Failure) -> T {
    let taken = try take(byteCount: MemoryLayout<T>.size)
    return storage.withUnsafeBytes {
      T(littleEndian: $0.loadUnaligned(fromByteOffset: taken.lowerBound, as: T.self))
    }
  }

  /// The next eight bytes as a count or offset on this machine; fails with `truncationCode` if the
  /// value is too large for one.
  public mutating func readCount64() throws(Failure) -> Int {
    let before = range
    let value = try readUInt64()
    guard let count = Int(exactly: value) else {
      range = before
      throw Failure(
        .badInput, code: truncationCode, "\(value) is not a possible count", place: place,
        cause: .truncated)
    }
    return count
  }

  /// The next byte, without moving past it; nil at the end.
  public func peekUInt8() -> UInt8? {
    guard !range.isEmpty else { return nil }
    return storage.withUnsafeBytes { $0[range.lowerBound] }
  }

  // MARK: - Stretches

  /// Moves past `byteCount` bytes and returns their offsets in the storage.
  public mutating func take(byteCount: Int) throws(Failure) -> Range<Int> {
    guard byteCount >= 0, byteCount <= range.count else {
      throw Failure(
        .badInput, code: truncationCode,
        "the data ends early: \(byteCount) bytes expected, \(range.count) left", place: place,
        cause: .truncated)
    }
    let taken = range.lowerBound..<(range.lowerBound + byteCount)
    range = taken.upperBound..<range.upperBound
    return taken
  }

  /// A cursor over the next `byteCount` bytes; this one moves past them.
  public mutating func slice(byteCount: Int) throws(Failure) -> ByteCursor {
    ByteCursor(self, range: try take(byteCount: byteCount))
  }

  /// The next `byteCount` bytes, copied.
  public mutating func readBytes(_ byteCount: Int) throws(Failure) -> [UInt8] {
    let taken = try take(byteCount: byteCount)
    return storage.withUnsafeBytes { [UInt8]($0[taken]) }
  }

  /// The next `byteCount` bytes as UTF-8 text; nil, after moving past them, if they are not UTF-8.
  public mutating func readUTF8(byteCount: Int) throws(Failure) -> String? {
    let taken = try take(byteCount: byteCount)
    return storage.withUnsafeBytes { String(validating: $0[taken], as: UTF8.self) }
  }

  /// Moves to `offset`, which must be within `range` or at its end.
  public mutating func seek(toOffset offset: Int) throws(Failure) {
    guard offset >= range.lowerBound, offset <= range.upperBound else {
      throw Failure(
        .badInput, code: truncationCode,
        "byte \(offset) is outside \(range.lowerBound) to \(range.upperBound)", place: place,
        cause: .truncated)
    }
    range = offset..<range.upperBound
  }

  /// "byte 12", for error messages.
  public var place: String { "byte \(range.lowerBound)" }
}
