import Bytes
import ModelFile

/// A file taken apart, to be put together wrongly.
///
/// Checksums are right unless set otherwise, so that a defect reaches the check that must find it.
///
/// Written from the specification alone, as a second implementation of the container.
struct CraftedFile {
  struct Section {
    var code: UInt32
    var flags: UInt32
    var content: [UInt8]
    var offset: UInt64?
    var length: UInt64?
    var reserved: UInt32 = 0
    var hash: [UInt8]?
    var crcMask: UInt32 = 0
    /// Bytes inserted before it, beside the padding.
    var gap = 0
    var paddingByte: UInt8 = 0
  }

  var magic: [UInt8] = [0x89, 0x53, 0x41, 0x4D, 0x32, 0x0D, 0x0A, 0x1A]
  var major: UInt16 = 1
  var minor: UInt16 = 0
  var sectionCount: UInt32?
  var fileByteCount: UInt64?
  var tableOffset: UInt64?
  var reserved: UInt8 = 0
  var headerCRCMask: UInt32 = 0
  var sections: [Section] = []

  /// Takes a correct file apart.
  init(_ file: [UInt8]) {
    minor = CraftedFile.integer(UInt16.self, file, at: 10)
    let table = Int(CraftedFile.integer(UInt64.self, file, at: 24))
    for index in 0..<Int(CraftedFile.integer(UInt32.self, file, at: 12)) {
      let row = table + index * 64
      let offset = Int(CraftedFile.integer(UInt64.self, file, at: row + 8))
      let length = Int(CraftedFile.integer(UInt64.self, file, at: row + 16))
      sections.append(
        Section(
          code: CraftedFile.integer(UInt32.self, file, at: row),
          flags: CraftedFile.integer(UInt32.self, file, at: row + 4),
          content: Array(file[offset..<(offset + length)])))
    }
  }

  subscript(code: UInt32) -> Section {
    get { sections.first { $0.code == code } ?? Section(code: code, flags: 1, content: []) }
    set {
      if let index = sections.firstIndex(where: { $0.code == code }) { sections[index] = newValue }
    }
  }

  func bytes() -> [UInt8] {
    var file = [UInt8](repeating: 0, count: 64)
    var rows: [UInt8] = []
    for section in sections {
      let alignment = section.flags & 2 == 0 ? 64 : 4096
      while file.count % alignment != 0 { file.append(section.paddingByte) }
      file += [UInt8](repeating: 0, count: section.gap)
      rows += row(section, at: file.count)
      file += section.content
    }
    while file.count % 64 != 0 { file.append(0) }
    let table = file.count
    file += rows
    file.replaceSubrange(0..<64, with: header(table: table, total: file.count))
    return file
  }

  private func row(_ section: Section, at offset: Int) -> [UInt8] {
    var row = littleEndianBytes(section.code) + littleEndianBytes(section.flags)
    row += littleEndianBytes(section.offset ?? UInt64(offset))
    row += littleEndianBytes(section.length ?? UInt64(section.content.count))
    row += section.hash ?? CraftedFile.sha256(section.content)
    row += littleEndianBytes(section.reserved)
    return row + littleEndianBytes(CraftedFile.crc(row) ^ section.crcMask)
  }

  private func header(table: Int, total: Int) -> [UInt8] {
    var header = magic + littleEndianBytes(major) + littleEndianBytes(minor)
    header += littleEndianBytes(sectionCount ?? UInt32(sections.count))
    header += littleEndianBytes(fileByteCount ?? UInt64(total))
    header += littleEndianBytes(tableOffset ?? UInt64(table))
    header += [UInt8](repeating: reserved, count: 28)
    return header + littleEndianBytes(CraftedFile.crc(header) ^ headerCRCMask)
  }

  // MARK: - Bytes

  static func integer<T: FixedWidthInteger>(_: T.Type, _ bytes: [UInt8], at offset: Int) -> T {
    (0..<MemoryLayout<T>.size).reversed().reduce(0) { $0 << 8 | T(bytes[offset + $1]) }
  }

  static func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32.checksum($0) } }

  static func sha256(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array(ModelFile.sha256(of: storage(bytes)).utf8)
    return stride(from: 0, to: digits.count, by: 2).map { index in
      UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) ?? 0
    }
  }
}

/// `bytes` as storage to read from.
func storage(_ bytes: [UInt8]) -> ByteStorage {
  ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
}

/// The failure of reading `bytes` and checking all their checksums; nil when nothing is wrong.
func failure(of bytes: [UInt8]) -> Failure? {
  do throws(Failure) {
    try ModelFile.verify(storage: storage(bytes))
    return nil
  } catch {
    return error
  }
}
