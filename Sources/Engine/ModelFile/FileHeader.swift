import Bytes

/// The first 64 bytes of a file.
///
/// They are known before anything is hashed, so that a file is written in a single pass.
struct FileHeader {
  var major = FileFormat.majorVersion
  var minor = FileFormat.minorVersion
  var sectionCount: Int
  var fileByteCount: Int
  var tableOffset: Int

  func encoded() -> [UInt8] {
    var encoder = ByteEncoder()
    encoder.append(FileFormat.magic)
    encoder.append(major)
    encoder.append(minor)
    encoder.append(UInt32(clamping: sectionCount))
    encoder.append(UInt64(clamping: fileByteCount))
    encoder.append(UInt64(clamping: tableOffset))
    encoder.appendZeros(28)
    encoder.appendChecksum()
    return encoder.bytes
  }
}

// MARK: - Reading

extension FileHeader {
  /// Reads and checks the header of `storage`.
  ///
  /// Magic and CRC come first, at the same place in every version, so that a damaged header can be
  /// distinguished from one written by another version.
  /// - Throws: `model.magic`, `model.truncated`, `model.header_crc`, `model.version`,
  ///   `model.reserved`, `model.trailing`, `model.section`.
  init(reading storage: ByteStorage) throws(Failure) {
    var cursor = ByteCursor(storage, truncationCode: "model.truncated")
    try FileHeader.checkMagic(storage)
    guard storage.byteCount >= FileFormat.headerByteCount else {
      throw Failure(
        .badInput, code: "model.truncated",
        "the file ends inside its header: \(storage.byteCount) of 64 bytes")
    }
    try cursor.seek(toOffset: FileFormat.magic.count)
    major = try cursor.readUInt16()
    minor = try cursor.readUInt16()
    try FileHeader.checkChecksum(storage)
    guard major == FileFormat.majorVersion else {
      throw FileHeader.versionFailure(major, minor)
    }
    let count = try cursor.readUInt32()
    let declared = try cursor.readUInt64()
    let table = try cursor.readUInt64()
    for _ in 0..<28 where try cursor.readUInt8() != 0 {
      throw Failure(
        .badInput, code: "model.reserved", "reserved header bytes are not zero",
        hint: FileHeader.newerHint(major, minor))
    }
    fileByteCount = try FileHeader.checkedSize(declared, of: storage)
    guard (1...ModelFile.Limit.sections).contains(Int(count)) else {
      throw Failure(
        .badInput, code: "model.section",
        "the file declares \(count) sections; 1 to \(ModelFile.Limit.sections) are possible")
    }
    sectionCount = Int(count)
    let tableByteCount = sectionCount * SectionEntry.byteCount
    guard let offset = Int(exactly: table), offset >= FileFormat.headerByteCount,
      offset == fileByteCount - tableByteCount
    else {
      throw Failure(
        .badInput, code: "model.section",
        "the section table must be the last \(tableByteCount) bytes, not start at \(table)")
    }
    tableOffset = offset
  }

  private static func checkMagic(_ storage: ByteStorage) throws(Failure) {
    let found = storage.withUnsafeBytes { [UInt8]($0.prefix(FileFormat.magic.count)) }
    if found == FileFormat.magic { return }
    if FileFormat.magic.starts(with: found) {
      throw Failure(
        .badInput, code: "model.truncated",
        "the file ends inside its header: \(found.count) of 64 bytes")
    }
    let (kind, hint) = guessKind(storage)
    throw Failure(.badInput, code: "model.magic", "not a .sam2 file\(kind)", hint: hint)
  }

  /// The apparent kind of a file that was mistaken for a model.
  private static func guessKind(_ storage: ByteStorage) -> (kind: String, hint: String?) {
    let start = storage.withUnsafeBytes { [UInt8]($0.prefix(32)) }
    func begins(_ text: StaticString) -> Bool {
      text.withUTF8Buffer { start.starts(with: $0) }
    }
    if begins("PK\u{3}\u{4}") {
      return (": it looks like a PyTorch checkpoint", "convert it with sam2-convert")
    }
    if begins("version https://git-lfs") {
      return (": it is a Git LFS pointer", "fetch the real file with git lfs pull")
    }
    if begins("<") { return (": it looks like a web page", "the download has probably failed") }
    return ("", nil)
  }

  private static func checkChecksum(_ storage: ByteStorage) throws(Failure) {
    let (stored, computed) = storage.withUnsafeBytes { bytes in
      (
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 60, as: UInt32.self)),
        CRC32.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<60]))
      )
    }
    guard stored == computed else {
      throw Failure(
        .badInput, code: "model.header_crc", "the header is damaged: its checksum does not match")
    }
  }

  /// The declared size of the file, which must match its actual size.
  private static func checkedSize(
    _ declared: UInt64, of storage: ByteStorage
  ) throws(Failure) -> Int {
    guard declared <= UInt64(ModelFile.Limit.fileByteCount) else {
      throw Failure(
        .badInput, code: "model.section", "\(declared) bytes is not a possible file size")
    }
    guard storage.byteCount >= Int(declared) else {
      throw Failure(
        .badInput, code: "model.truncated",
        "the file has \(storage.byteCount) of \(declared) bytes", hint: "copy it again")
    }
    guard storage.byteCount == Int(declared) else {
      throw Failure(
        .badInput, code: "model.trailing",
        "\(storage.byteCount - Int(declared)) bytes follow the end of the model")
    }
    return Int(declared)
  }

  private static func versionFailure(_ major: UInt16, _ minor: UInt16) -> Failure {
    Failure(
      .badInput, code: "model.version",
      "written in format \(major).\(minor); this program reads format "
        + "\(FileFormat.majorVersion).x",
      hint: major > FileFormat.majorVersion
        ? "use a newer version of sam2" : "convert the checkpoint again with sam2-convert")
  }

  /// A hint for anything this version does not know, if a later minor version wrote it.
  static func newerHint(_ major: UInt16, _ minor: UInt16) -> String? {
    guard minor > FileFormat.minorVersion else { return nil }
    return "the file is of format \(major).\(minor); use a newer version of sam2"
  }
}
