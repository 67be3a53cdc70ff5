import Bytes

/// One record of the central directory (APPNOTE 6.3.10, section 4.3.12).
public struct ZipEntry: Sendable {
  public enum Method: UInt16, Sendable {
    case stored = 0
    case deflated = 8
  }

  public let name: String
  let nameBytes: [UInt8]
  let flags: UInt16
  public let method: Method
  let crc: UInt32
  let compressedByteCount: Int
  public let byteCount: Int
  /// Where the local header starts in the file.
  let headerOffset: Int

  /// Whether sizes and checksum follow the data instead of preceding it.
  var hasDescriptor: Bool { flags & 0x0008 != 0 }
  var isFolder: Bool { name.utf8.last == UInt8(ascii: "/") }

  static let signature: UInt32 = 0x0201_4B50
  static let maximumNameByteCount = 1024
  /// Compression options, descriptor, UTF-8 names.
  ///
  /// Everything else changes how bytes are read.
  private static let acceptedFlags: UInt16 = 0x0806 | 0x0008

  /// Reads one record and moves `cursor` past it.
  init(_ cursor: inout ByteCursor) throws(Failure) {
    let place = cursor.place
    guard try cursor.readUInt32() == ZipEntry.signature else {
      throw Failure(
        .badInput, code: "zip.cd_bounds", "no central directory record where one should be",
        place: place)
    }
    let creator = try cursor.readUInt16()
    _ = try cursor.readUInt16()
    flags = try cursor.readUInt16()
    let methodCode = try cursor.readUInt16()
    _ = try cursor.readUInt32()
    crc = try cursor.readUInt32()
    var sizes = Zip64Sizes(
      compressedByteCount: Int(try cursor.readUInt32()), byteCount: Int(try cursor.readUInt32()))
    let nameByteCount = Int(try cursor.readUInt16())
    let extraByteCount = Int(try cursor.readUInt16())
    let commentByteCount = Int(try cursor.readUInt16())
    let disk = try cursor.readUInt16()
    _ = try cursor.readUInt16()
    let attributes = try cursor.readUInt32()
    sizes.headerOffset = Int(try cursor.readUInt32())
    nameBytes = try cursor.readBytes(nameByteCount)
    let extra = try cursor.slice(byteCount: extraByteCount)
    _ = try cursor.take(byteCount: commentByteCount)

    name = try ZipEntry.checkedName(nameBytes, place: place)
    try sizes.resolve(extra: extra, entry: name)
    compressedByteCount = sizes.compressedByteCount
    byteCount = sizes.byteCount
    headerOffset = sizes.headerOffset ?? 0

    let refused = flags & ~ZipEntry.acceptedFlags
    guard refused == 0 else {
      throw Failure(
        .badInput, code: "zip.unsupported_flag",
        refused & 0x2041 != 0
          ? "the zip entry is encrypted" : "the zip entry has unknown flag bits",
        place: "entry \(printable(name)), flags 0x\(String(flags, radix: 16))")
    }
    guard let method = Method(rawValue: methodCode) else {
      throw Failure(
        .badInput, code: "zip.method",
        "the zip entry uses compression method \(methodCode); stored and deflated are supported",
        place: "entry \(printable(name))")
    }
    self.method = method
    guard disk == 0 else {
      throw Failure(
        .badInput, code: "zip.multidisk", "the zip archive is one of several parts",
        place: "entry \(printable(name))")
    }
    try checkType(unixMode: creator >> 8 == 3 ? attributes >> 16 : 0)
    try checkSizes()
  }

  private func checkType(unixMode: UInt32) throws(Failure) {
    let type = unixMode & 0o170000
    let isExpected = type == 0 || type == (isFolder ? 0o040000 : 0o100000)
    guard isExpected, !isFolder || byteCount == 0 else {
      throw Failure(
        .badInput, code: "zip.entry_type", "the zip entry is neither a file nor an empty folder",
        place: "entry \(printable(name))")
    }
  }

  /// Deflate cannot shrink below 1/1032 of the size, so a larger claim is false.
  private func checkSizes() throws(Failure) {
    switch method {
    case .stored:
      guard byteCount == compressedByteCount else {
        throw Failure(
          .badInput, code: "zip.size_mismatch",
          "a stored zip entry has two sizes, \(compressedByteCount) and \(byteCount) bytes",
          place: "entry \(printable(name))")
      }
    case .deflated:
      guard byteCount / 1032 <= compressedByteCount else {
        throw Failure(
          .badInput, code: "zip.ratio",
          "the zip entry claims that \(compressedByteCount) bytes expand to \(byteCount)",
          place: "entry \(printable(name))")
      }
    }
  }

  /// A relative path of plain components.
  ///
  /// Nothing is ever extracted; a name that would escape a folder still marks a file that is not
  /// what it pretends to be.
  private static func checkedName(_ bytes: [UInt8], place: String) throws(Failure) -> String {
    guard bytes.count <= maximumNameByteCount, let name = String(validating: bytes, as: UTF8.self)
    else {
      throw Failure(
        .badInput, code: "zip.bad_name", "a zip entry's name is too long or not UTF-8",
        place: place)
    }
    let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0x5C && $0 != 0x3A }
    var components = name.split(separator: "/", omittingEmptySubsequences: false)
    if components.last == "" { components.removeLast() }
    guard isPlain, !components.isEmpty,
      components.allSatisfy({ $0 != "" && $0 != "." && $0 != ".." })
    else {
      throw Failure(
        .badInput, code: "zip.bad_name",
        "the zip entry name \"\(printable(name))\" is not a plain relative path", place: place)
    }
    return name
  }
}

/// Sizes of an entry; 0xFFFFFFFF means "see the zip64 extra field" (section 4.5.3).
struct Zip64Sizes {
  var compressedByteCount: Int
  var byteCount: Int
  var headerOffset: Int?
  private static let marker = 0xFFFF_FFFF

  init(compressedByteCount: Int, byteCount: Int) {
    self.compressedByteCount = compressedByteCount
    self.byteCount = byteCount
  }

  /// Replaces markers by the values of the zip64 extra field.
  mutating func resolve(extra: ByteCursor, entry: String) throws(Failure) {
    var wide = try Zip64Sizes.zip64Field(in: extra, entry: entry)
    do throws(Failure) {
      // The order is fixed, and only fields with a marker are present.
      if byteCount == Zip64Sizes.marker { byteCount = try wide.readCount64() }
      if compressedByteCount == Zip64Sizes.marker { compressedByteCount = try wide.readCount64() }
      if headerOffset == Zip64Sizes.marker { headerOffset = try wide.readCount64() }
    } catch { throw Zip64Sizes.failure("too short", entry) }
  }

  /// The content of the one zip64 field; empty when there is none.
  private static func zip64Field(
    in extra: ByteCursor, entry: String
  ) throws(Failure) -> ByteCursor {
    var cursor = extra
    var found: ByteCursor?
    do throws(Failure) {
      while !cursor.isAtEnd {
        let identifier = try cursor.readUInt16()
        let field = try cursor.slice(byteCount: Int(try cursor.readUInt16()))
        guard identifier == 1 else { continue }
        if found != nil { throw failure("there twice", entry) }
        found = field
      }
      if let found { return found }
      return try cursor.slice(byteCount: 0)
    } catch {
      throw error.cause == .truncated ? failure("cut short", entry) : error
    }
  }

  private static func failure(_ what: String, _ entry: String) -> Failure {
    Failure(
      .badInput, code: "zip.zip64", "the zip64 extra field of an entry is \(what)",
      place: "entry \(printable(entry))")
  }
}
