public import Bytes

/// The entries of a zip archive, each byte of the file accounted for.
///
/// Where two parsers could disagree the file is refused: local headers must repeat the central
/// directory, entries must follow each other from byte 0 to the directory without gap or overlap,
/// names must differ by more than case.
public struct ZipArchive: Sendable {
  public let storage: ByteStorage
  /// In the order of the central directory.
  public let entries: [ZipEntry]
  /// Range of each entry's (perhaps compressed) data in `storage`.
  public let dataRanges: [Range<Int>]
  private let indexByName: [String: Int]

  public static let maximumEntryCount = 250_000
  /// Maximum bytes of the file that stay mapped after they are read.
  private static let keptByteCount = 16 << 20

  /// - Throws: codes that start with `zip.`.
  public init(_ storage: ByteStorage) throws(Failure) {
    let end = try ZipDirectoryEnd(storage)
    self.storage = storage
    entries = try ZipArchive.readDirectory(storage, end)
    indexByName = try ZipArchive.index(entries)
    dataRanges = try ZipArchive.layOut(entries, in: storage, upTo: end.directory.lowerBound)
    try checkExpansion()
  }

  /// The index of the entry `name`.
  public func index(of name: String) -> Int? { indexByName[name] }

  private static func readDirectory(
    _ storage: ByteStorage, _ end: ZipDirectoryEnd
  ) throws(Failure) -> [ZipEntry] {
    var cursor = try zipCursor(storage, end.directory)
    var entries: [ZipEntry] = []
    // A record has at least 46 bytes: nothing is reserved for entries that cannot be there.
    entries.reserveCapacity(min(end.entryCount, end.directory.count / 46))
    while !cursor.isAtEnd, entries.count < end.entryCount {
      entries.append(try ZipEntry(&cursor))
    }
    guard entries.count == end.entryCount, cursor.isAtEnd else {
      throw Failure(
        .badInput, code: "zip.count",
        "the zip archive announces \(end.entryCount) entries, its directory holds another number",
        place: cursor.place)
    }
    return entries
  }

  private static func index(_ entries: [ZipEntry]) throws(Failure) -> [String: Int] {
    var byName: [String: Int] = [:]
    var folded: Set<String> = []
    for (i, entry) in entries.enumerated() {
      // Swift compares strings by canonical equivalence, so normal forms are covered as well.
      guard folded.insert(entry.name.lowercased()).inserted else {
        throw Failure(
          .badInput, code: "zip.duplicate_name",
          "the zip archive has two entries of the name \(printable(entry.name))")
      }
      byName[entry.name] = i
    }
    return byName
  }

  // MARK: - Layout of the data

  private static func layOut(
    _ entries: [ZipEntry], in storage: ByteStorage, upTo directoryStart: Int
  ) throws(Failure) -> [Range<Int>] {
    let order = entries.indices.sorted { entries[$0].headerOffset < entries[$1].headerOffset }
    var ranges = [Range<Int>](repeating: 0..<0, count: entries.count)
    var expectedStart = 0
    var released = 0
    for (position, i) in order.enumerated() {
      let entry = entries[i]
      let isLast = position + 1 == order.count
      let next = isLast ? directoryStart : entries[order[position + 1]].headerOffset
      guard entry.headerOffset == expectedStart else {
        throw Failure(
          .badInput, code: expectedStart == 0 ? "zip.prepended_data" : "zip.gap",
          "bytes \(expectedStart) to \(entry.headerOffset) belong to no zip entry")
      }
      guard next <= directoryStart else {
        throw Failure(
          .badInput, code: "zip.cd_bounds", "a zip entry starts after the central directory",
          place: "byte \(next)")
      }
      if next == entry.headerOffset { throw overlapFailure(entry) }
      ranges[i] = try ZipLocalHeader.dataRange(of: entry, in: storage, upTo: directoryStart)
      guard ranges[i].upperBound <= next else { throw overlapFailure(entry) }
      try ZipLocalHeader.checkDescriptor(
        of: entry, in: storage, range: ranges[i].upperBound..<next)
      expectedStart = next
      // A system maps much around what is touched, of a file it keeps in large pieces.
      if next - released >= ZipArchive.keptByteCount {
        storage.releasePages(in: released..<next)
        released = next
      }
    }
    guard expectedStart == directoryStart else {
      throw Failure(
        .badInput, code: "zip.prepended_data", "bytes 0 to \(directoryStart) belong to no zip entry"
      )
    }
    return ranges
  }

  private static func overlapFailure(_ entry: ZipEntry) -> Failure {
    Failure(
      .badInput, code: "zip.overlap", "two zip entries overlap",
      place: "entry \(printable(entry.name))")
  }

  /// Weights hardly compress; a file that expands sixteenfold is a bomb, not a checkpoint.
  private func checkExpansion() throws(Failure) {
    var total = 0
    for entry in entries where entry.method == .deflated {
      guard let sum = checkedSum(total, entry.byteCount),
        sum / 16 <= storage.byteCount + (1 << 20)
      else {
        throw Failure(
          .badInput, code: "zip.ratio",
          "the compressed entries of a \(storage.byteCount) byte file claim to expand to more than "
            + "\(total) bytes")
      }
      total = sum
    }
  }

  // MARK: - Reading

  /// Uncompressed bytes of an entry.
  public typealias Contents = (storage: ByteStorage, range: Range<Int>)

  /// The checked, uncompressed bytes of entry `index`: a range of the file when it is stored, of
  /// new memory when it is deflated.
  /// - Throws: `zip.crc`; `zip.inflate`, `zip.inflate_size`.
  public func read(_ index: Int) throws(Failure) -> Contents {
    let contents = try contents(index)
    guard hasRightChecksum(contents, index) else { throw checksumFailure(index) }
    return contents
  }

  /// The same without a look at the checksum.
  public func contents(_ index: Int) throws(Failure) -> Contents {
    let entry = entries[index]
    let range = dataRanges[index]
    switch entry.method {
    case .stored: return (storage, range)
    case .deflated:
      let inflated = try inflated(storage, range, byteCount: entry.byteCount, entry: entry.name)
      storage.releasePages(in: range)
      return (inflated, 0..<inflated.byteCount)
    }
  }

  public func hasRightChecksum(_ contents: Contents, _ index: Int) -> Bool {
    var checksum = CRC32()
    // The caller is about to read the entry, so small ones stay mapped.
    let isLarge = contents.range.count > ZipArchive.keptByteCount
    contents.storage.forEachPiece(of: contents.range, releasing: isLarge) { checksum.update($0) }
    return checksum.value == entries[index].crc
  }

  public func checksumFailure(_ index: Int) -> Failure {
    Failure(
      .badInput, code: "zip.crc", "the checksum of a zip entry is wrong: the file is damaged",
      place: "entry \(printable(entries[index].name))",
      hint: "download or copy the file again; --allow-bad-crc reads it as it is")
  }
}
