public import Bytes

/// A zip archive of files as they are, without compression: what is packed here is mostly PNG.
///
/// The same files give the same bytes: all are dated 1980-01-01.
public struct StoredZip {
  private var bytes: [UInt8] = []
  private var directory: [UInt8] = []
  private var count = 0

  /// Sizes and offsets have 32 bits.
  private static let byteLimit = Int(UInt32.max) - 1
  private static let countLimit = Int(UInt16.max) - 1
  /// 1980-01-01 as MS-DOS counts.
  private static let date: UInt16 = 1 << 5 | 1
  /// Version 2.0, names in UTF-8.
  private static let version: UInt16 = 20
  private static let flags: UInt16 = 1 << 11

  public init() {}

  /// Adds the file `name`, a relative path with slashes.
  /// - Throws: `zip.limit` for more than a plain archive can hold.
  public mutating func add(_ name: String, _ contents: [UInt8]) throws(Failure) {
    let nameBytes = Array(name.utf8)
    guard count < StoredZip.countLimit, nameBytes.count <= Int(UInt16.max),
      bytes.count + directory.count + contents.count + 3 * nameBytes.count + 200
        < StoredZip.byteLimit
    else {
      throw Failure(
        .cannotCreate, code: "zip.limit", "the files do not fit into one archive",
        hint: "export fewer formats at once")
    }
    let checksum = contents.withUnsafeBytes { CRC32.checksum($0) }
    // Fields that the local header and the directory have in common.
    let common =
      [StoredZip.version, StoredZip.flags, 0, 0, StoredZip.date].flatMap(littleEndianBytes)
      + [checksum, UInt32(contents.count), UInt32(contents.count)].flatMap(littleEndianBytes)
      + littleEndianBytes(UInt16(nameBytes.count)) + littleEndianBytes(UInt16(0))
    let offset = UInt32(bytes.count)
    bytes += littleEndianBytes(UInt32(0x0403_4B50)) + common + nameBytes + contents
    directory +=
      littleEndianBytes(UInt32(0x0201_4B50)) + littleEndianBytes(StoredZip.version) + common
    // Comment, disk, internal and external attributes.
    directory += [UInt16(0), 0, 0].flatMap(littleEndianBytes) + littleEndianBytes(UInt32(0))
    directory += littleEndianBytes(offset) + nameBytes
    count += 1
  }

  /// The whole archive.
  public var archive: [UInt8] {
    let end =
      littleEndianBytes(UInt32(0x0605_4B50))
      + [0, 0, UInt16(count), UInt16(count)].flatMap(littleEndianBytes)
      + [UInt32(directory.count), UInt32(bytes.count)].flatMap(littleEndianBytes)
      + littleEndianBytes(UInt16(0))
    return bytes + directory + end
  }
}
