import Bytes

/// The end of a zip archive: position of the central directory and number of its entries.
///
/// Layout (APPNOTE 6.3.10, sections 4.3.14 to 4.3.16): central directory, then for zip64 a record
/// of 56 bytes and a locator of 20, then the end record of 22 bytes and its comment.
struct ZipDirectoryEnd {
  let directory: Range<Int>
  let entryCount: Int

  private static let endSignature: UInt32 = 0x0605_4B50
  private static let zip64LocatorSignature: UInt32 = 0x0706_4B50
  private static let zip64RecordSignature: UInt32 = 0x0606_4B50
  private static let endByteCount = 22
  private static let maximumCommentByteCount = 0xFFFF

  init(_ storage: ByteStorage) throws(Failure) {
    let end = try ZipDirectoryEnd.locate(in: storage)
    var cursor = try zipCursor(storage, end..<storage.byteCount)
    _ = try cursor.readUInt32()
    let diskNumbers = (try cursor.readUInt16(), try cursor.readUInt16())
    let entriesHere = Int(try cursor.readUInt16())
    let entries = Int(try cursor.readUInt16())
    let byteCount = Int(try cursor.readUInt32())
    let offset = Int(try cursor.readUInt32())
    guard diskNumbers == (0, 0), entriesHere == entries else {
      throw Failure(
        .badInput, code: "zip.multidisk", "the zip archive is one of several parts",
        place: "byte \(end)")
    }
    let classic = ZipDirectoryPlace(offset: offset, byteCount: byteCount, entryCount: entries)
    let found = try ZipDirectoryEnd.zip64(storage, end: end, classic: classic)
    let place = found?.place ?? classic
    let directoryEnd = found?.record ?? end

    guard
      let range = checkedRange(start: place.offset, count: place.byteCount, in: 0..<directoryEnd)
    else {
      throw Failure(
        .badInput, code: "zip.cd_bounds",
        "the central directory at byte \(place.offset) does not fit into the file")
    }
    guard range.upperBound == directoryEnd else {
      throw Failure(
        .badInput, code: "zip.prepended_data",
        "\(directoryEnd - range.upperBound) bytes before or after the central directory are not "
          + "part of the zip archive")
    }
    guard place.entryCount <= ZipArchive.maximumEntryCount else {
      throw Failure(
        .badInput, code: "zip.too_many_entries",
        "the zip archive lists \(place.entryCount) entries; "
          + "at most \(ZipArchive.maximumEntryCount) are accepted")
    }
    directory = range
    entryCount = place.entryCount
  }

  // MARK: - End record

  /// Offset of the one end record.
  ///
  /// Two candidates mean two readings of the file, so neither.
  private static func locate(in storage: ByteStorage) throws(Failure) -> Int {
    let last = storage.byteCount - endByteCount
    var candidates: [Int] = []
    var signatureSeen = false
    if last >= 0 {
      storage.withUnsafeBytes { bytes in
        for offset in max(0, last - maximumCommentByteCount)...last
        where bytes[offset] == 0x50 && bytes[offset + 1] == 0x4B
          && bytes[offset + 2] == 0x05 && bytes[offset + 3] == 0x06
        {
          signatureSeen = true
          let comment = Int(bytes[offset + 20]) | Int(bytes[offset + 21]) << 8
          if comment == last - offset { candidates.append(offset) }
        }
      }
    }
    if candidates.count == 1 { return candidates[0] }
    if candidates.count > 1 {
      throw Failure(
        .badInput, code: "zip.ambiguous_eocd", "the zip archive has \(candidates.count) ends")
    }
    throw signatureSeen
      ? Failure(
        .badInput, code: "zip.trailing_data", "other bytes follow the zip archive's end record")
      : Failure(
        .badInput, code: "zip.no_eocd",
        "the zip archive has no end record: the file is cut short",
        place: "byte \(storage.byteCount)", hint: "download or copy the file again")
  }

  // MARK: - Zip64

  /// The zip64 record, when there is one: its offset and contents.
  private static func zip64(
    _ storage: ByteStorage, end: Int, classic: ZipDirectoryPlace
  ) throws(Failure) -> (record: Int, place: ZipDirectoryPlace)? {
    let locator = end - 20
    guard locator >= 0 else { return nil }
    var cursor = try zipCursor(storage, locator..<end)
    guard try cursor.readUInt32() == zip64LocatorSignature else {
      if classic.needsZip64 { throw zip64Failure("its record is missing", end) }
      return nil
    }
    do throws(Failure) {
      return try zip64Record(storage, &cursor, locator: locator, classic: classic)
    } catch {
      throw error.cause == .truncated ? zip64Failure("a number is impossible", locator) : error
    }
  }

  /// The record to which the locator, whose signature `cursor` has passed, points.
  private static func zip64Record(
    _ storage: ByteStorage, _ cursor: inout ByteCursor, locator: Int, classic: ZipDirectoryPlace
  ) throws(Failure) -> (record: Int, place: ZipDirectoryPlace) {
    let recordDisk = try cursor.readUInt32()
    let record = try cursor.readCount64()
    let diskCount = try cursor.readUInt32()
    // The record has 56 bytes and nothing may be between it and the locator.
    guard recordDisk == 0, diskCount <= 1, record >= 0, checkedSum(record, 56) == locator else {
      throw zip64Failure("the locator does not point to the record", locator)
    }
    cursor = try zipCursor(storage, record..<locator)
    let signature = try cursor.readUInt32()
    let restByteCount = try cursor.readUInt64()
    _ = try cursor.readUInt32()
    let disks = (try cursor.readUInt32(), try cursor.readUInt32())
    let entriesHere = try cursor.readUInt64()
    let place = ZipDirectoryPlace(
      entryCount: try cursor.readCount64(), byteCount: try cursor.readCount64(),
      offset: try cursor.readCount64())
    guard signature == zip64RecordSignature, restByteCount == 44, disks == (0, 0),
      entriesHere == place.entryCount, classic.agrees(withZip64: place)
    else { throw zip64Failure("the record contradicts the rest of the file", record) }
    return (record, place)
  }

  private static func zip64Failure(_ message: String, _ offset: Int) -> Failure {
    Failure(
      .badInput, code: "zip.zip64", "the zip64 end of the archive is wrong: \(message)",
      place: "byte \(offset)")
  }
}

/// Declared position of the central directory.
private struct ZipDirectoryPlace {
  let offset: Int
  let byteCount: Int
  let entryCount: Int

  init(offset: Int, byteCount: Int, entryCount: Int) {
    self.offset = offset
    self.byteCount = byteCount
    self.entryCount = entryCount
  }

  /// In the order of the zip64 record.
  init(entryCount: Int, byteCount: Int, offset: Int) {
    self.init(offset: offset, byteCount: byteCount, entryCount: entryCount)
  }

  /// True when a field holds the marker "see the zip64 record".
  var needsZip64: Bool {
    offset == 0xFFFF_FFFF || byteCount == 0xFFFF_FFFF || entryCount == 0xFFFF
  }

  /// Whether each classic field is the marker or has the same value.
  func agrees(withZip64 wide: ZipDirectoryPlace) -> Bool {
    (offset == 0xFFFF_FFFF || offset == wide.offset)
      && (byteCount == 0xFFFF_FFFF || byteCount == wide.byteCount)
      && (entryCount == 0xFFFF || entryCount == wide.entryCount)
  }
}

/// A cursor over a part of the archive, failing with `zip.truncated`.
func zipCursor(_ storage: ByteStorage, _ range: Range<Int>) throws(Failure) -> ByteCursor {
  try ByteCursor(storage, range: range, truncationCode: "zip.truncated")
}
