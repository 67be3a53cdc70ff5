import Bytes
import Glibc

/// One row of the section table: 64 bytes.
struct SectionEntry {
  /// A `SectionKind`, or a code that this version does not know.
  var code: UInt32
  var flags: SectionFlags
  var offset: Int
  var byteCount: Int
  var sha256: [UInt8]

  static let byteCount = 64

  var kind: SectionKind? { SectionKind(rawValue: code) }
  var range: Range<Int> { offset..<(offset + byteCount) }
  var name: String { kind?.name ?? "unknown section \(code)" }

  func encoded() -> [UInt8] {
    var encoder = ByteEncoder()
    encoder.append(code)
    encoder.append(flags.rawValue)
    encoder.append(UInt64(clamping: offset))
    encoder.append(UInt64(clamping: byteCount))
    encoder.append(sha256)
    encoder.append(UInt32(0))
    encoder.appendChecksum()
    return encoder.bytes
  }
}

// MARK: - Reading

extension SectionEntry {
  /// Reads the table that `header` declares, and checks that the header, sections and table cover
  /// the file with nothing between them except zeros up to the next alignment.
  /// - Throws: `model.section`, `model.section_crc`, `model.reserved`, `model.hole`,
  ///   `model.overlap`, `model.padding`, `model.truncated`.
  static func readTable(
    _ header: FileHeader, _ storage: ByteStorage
  ) throws(Failure) -> [SectionEntry] {
    var cursor = ByteCursor(storage, truncationCode: "model.truncated")
    try cursor.seek(toOffset: header.tableOffset)
    var entries: [SectionEntry] = []
    for index in 0..<header.sectionCount {
      let entry = try SectionEntry(
        reading: try cursor.slice(byteCount: SectionEntry.byteCount), header, "section \(index)")
      entries.append(entry)
    }
    try checkKinds(entries, header)
    try checkCoverage(entries, header, storage)
    return entries
  }

  private init(
    reading record: ByteCursor, _ header: FileHeader, _ place: String
  ) throws(Failure) {
    var cursor = record
    let start = cursor.offset
    code = try cursor.readUInt32()
    flags = SectionFlags(rawValue: try cursor.readUInt32())
    let (declaredOffset, declaredCount) = (try cursor.readUInt64(), try cursor.readUInt64())
    sha256 = try cursor.readBytes(32)
    let reserved = try cursor.readUInt32()
    let computed = cursor.storage.withUnsafeBytes {
      CRC32.checksum(UnsafeRawBufferPointer(rebasing: $0[start..<(start + 60)]))
    }
    guard try cursor.readUInt32() == computed else {
      throw Failure(
        .badInput, code: "model.section_crc", "the section table is damaged", place: place)
    }
    guard reserved == 0, flags.isSubset(of: .known) else {
      throw Failure(
        .badInput, code: "model.reserved", "reserved bits of the section table are not zero",
        place: place, hint: FileHeader.newerHint(header.major, header.minor))
    }
    guard let offset = Int(exactly: declaredOffset), let count = Int(exactly: declaredCount),
      let end = checkedSum(offset, count), end <= header.tableOffset
    else {
      throw Failure(
        .badInput, code: "model.section",
        "\(declaredCount) bytes at \(declaredOffset) do not end before the section table at "
          + "\(header.tableOffset)", place: place)
    }
    self.offset = offset
    self.byteCount = count
  }

  /// Every kind that this version knows must be present exactly once; unknown ones may be skipped.
  private static func checkKinds(
    _ entries: [SectionEntry], _ header: FileHeader
  ) throws(Failure) {
    for kind in SectionKind.allCases {
      let found = entries.filter { $0.kind == kind }
      guard found.count == 1, found[0].flags == kind.flags else {
        throw Failure(
          .badInput, code: "model.section",
          found.count == 1
            ? "the \(kind.name) section has wrong flags"
            : "there must be one \(kind.name) section, not \(found.count)")
      }
    }
    for entry in entries where entry.kind == nil && entry.flags.contains(.required) {
      throw Failure(
        .badInput, code: "model.section", "the file needs a section of kind \(entry.code)",
        hint: FileHeader.newerHint(header.major, header.minor) ?? "use a newer version of sam2")
    }
  }

  private static func checkCoverage(
    _ entries: [SectionEntry], _ header: FileHeader, _ storage: ByteStorage
  ) throws(Failure) {
    var end = FileFormat.headerByteCount
    for entry in entries {
      try checkStart(entry.offset, after: end, entry.flags.alignment, entry.name, storage)
      end = entry.range.upperBound
    }
    try checkStart(header.tableOffset, after: end, FileFormat.alignment, "section table", storage)
  }

  /// Checks that the part after `end` starts at the next multiple of its alignment, with zeros in
  /// between.
  private static func checkStart(
    _ start: Int, after end: Int, _ alignment: Int, _ name: String, _ storage: ByteStorage
  ) throws(Failure) {
    guard let expected = checkedAlign(end, to: alignment), start == expected else {
      let code = start < end ? "model.overlap" : "model.hole"
      throw Failure(
        .badInput, code: code,
        "starts at byte \(start), but what comes before ends at \(end) and the alignment is "
          + "\(alignment)", place: name)
    }
    try checkZeros(end..<start, storage, before: name)
  }

  /// - Throws: `model.padding` if any byte of `range` is not zero.
  static func checkZeros(
    _ range: Range<Int>, _ storage: ByteStorage, before name: String
  ) throws(Failure) {
    let offender: Int? = storage.withUnsafeBytes { bytes in
      let padding = UnsafeRawBufferPointer(rebasing: bytes[range])
      guard let base = padding.baseAddress, let first = padding.first else { return nil }
      // All bytes are zero if the first is and each equals the one before it.
      if first == 0, memcmp(base, base + 1, padding.count - 1) == 0 { return nil }
      return bytes[range].firstIndex { $0 != 0 }
    }
    if let offender {
      throw Failure(
        .badInput, code: "model.padding", "the padding before it is not zero",
        place: "\(name), byte \(offender)")
    }
  }
}
