import Bytes

/// A zip archive of uncompressed entries, without anything beyond the first edition of the format.
public struct StoredArchive {
  private var entries: [UInt8] = []
  private var directory: [UInt8] = []
  private var count: UInt16 = 0

  public init() {}

  /// Adds an entry with the right checksum; names and sizes are not checked.
  public mutating func append(_ name: String, _ data: [UInt8]) {
    let checksum = data.withUnsafeBytes { CRC32.checksum($0) }
    // Version 2.0, no flags, stored, the first of January 1980.
    var common: [UInt8] = [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]
    common += littleEndianBytes(checksum) + littleEndianBytes(UInt32(data.count))
    common += littleEndianBytes(UInt32(data.count)) + littleEndianBytes(UInt16(name.utf8.count))
    common += [0, 0]
    directory += Array("PK\u{1}\u{2}".utf8) + [20, 0] + common + [UInt8](repeating: 0, count: 10)
    directory += littleEndianBytes(UInt32(entries.count)) + Array(name.utf8)
    entries += Array("PK\u{3}\u{4}".utf8) + common + Array(name.utf8) + data
    count += 1
  }

  /// The file, complete with its directory.
  public var bytes: [UInt8] {
    var end = Array("PK\u{5}\u{6}".utf8) + [0, 0, 0, 0]
    end += littleEndianBytes(count) + littleEndianBytes(count)
    end += littleEndianBytes(UInt32(directory.count)) + littleEndianBytes(UInt32(entries.count))
    return entries + directory + end + [0, 0]
  }
}
