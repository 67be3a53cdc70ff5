import Bytes

/// The header before and the descriptor after an entry's data (APPNOTE 6.3.10, sections 4.3.7 and
/// 4.3.9), checked against the central directory.
///
/// Scanners and loaders have been fooled by archives whose two descriptions of an entry differ
/// (CVE-2025-1944, CVE-2025-1945), so a difference refuses the file.
enum ZipLocalHeader {
  private static let signature: UInt32 = 0x0403_4B50
  private static let descriptorSignature: UInt32 = 0x0807_4B50

  /// Checks the header of `entry` and returns the range of its data.
  static func dataRange(
    of entry: ZipEntry, in storage: ByteStorage, upTo limit: Int
  ) throws(Failure) -> Range<Int> {
    var cursor = try zipCursor(storage, entry.headerOffset..<limit)
    guard try cursor.readUInt32() == signature else {
      throw mismatch("zip.local_header", "no local header at the offset in the directory", entry)
    }
    _ = try cursor.readUInt16()
    let flags = try cursor.readUInt16()
    let method = try cursor.readUInt16()
    _ = try cursor.readUInt32()
    let crc = try cursor.readUInt32()
    var sizes = Zip64Sizes(
      compressedByteCount: Int(try cursor.readUInt32()), byteCount: Int(try cursor.readUInt32()))
    let nameByteCount = Int(try cursor.readUInt16())
    let extraByteCount = Int(try cursor.readUInt16())
    let name = try cursor.readBytes(nameByteCount)
    try sizes.resolve(extra: try cursor.slice(byteCount: extraByteCount), entry: entry.name)

    guard name == entry.nameBytes else {
      throw mismatch("zip.name_mismatch", "two names for one zip entry", entry)
    }
    guard flags == entry.flags, method == entry.method.rawValue else {
      throw mismatch("zip.header_mismatch", "flags or method contradict the directory", entry)
    }
    // With a descriptor the header may leave these zero, as torch does, but not set false values.
    func agrees(_ value: Int, _ expected: Int) -> Bool {
      value == expected || (entry.hasDescriptor && value == 0)
    }
    guard agrees(Int(crc), Int(entry.crc)), agrees(sizes.byteCount, entry.byteCount),
      agrees(sizes.compressedByteCount, entry.compressedByteCount)
    else {
      throw mismatch("zip.size_mismatch", "sizes or checksum contradict the directory", entry)
    }

    guard
      let range = checkedRange(
        start: cursor.offset, count: entry.compressedByteCount, in: 0..<limit)
    else { throw mismatch("zip.cd_bounds", "the data run into the central directory", entry) }
    return range
  }

  /// Checks that `range`, between the data and the next entry, is exactly the descriptor that the
  /// flags announce: signature (optional), CRC and two sizes of 32 or 64 bits.
  static func checkDescriptor(
    of entry: ZipEntry, in storage: ByteStorage, range: Range<Int>
  ) throws(Failure) {
    let expected = entry.hasDescriptor ? [12, 16, 20, 24] : [0]
    guard expected.contains(range.count) else {
      throw mismatch("zip.gap", "\(range.count) bytes after the data belong to no zip entry", entry)
    }
    guard entry.hasDescriptor else { return }
    var cursor = try zipCursor(storage, range)
    let hasSignature = range.count == 16 || range.count == 24
    let signatureFits = hasSignature ? try cursor.readUInt32() == descriptorSignature : true
    let crc = try cursor.readUInt32()
    let isWide = range.count >= 20
    let compressed = isWide ? try cursor.readCount64() : Int(try cursor.readUInt32())
    let byteCount = isWide ? try cursor.readCount64() : Int(try cursor.readUInt32())
    guard signatureFits, crc == entry.crc, compressed == entry.compressedByteCount,
      byteCount == entry.byteCount
    else { throw mismatch("zip.size_mismatch", "the descriptor contradicts the directory", entry) }
  }

  private static func mismatch(_ code: String, _ message: String, _ entry: ZipEntry) -> Failure {
    Failure(
      .badInput, code: code, "the zip archive is inconsistent: \(message)",
      place: "entry \(printable(entry.name)), byte \(entry.headerOffset)")
  }
}
