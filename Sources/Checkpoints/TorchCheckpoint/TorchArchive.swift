import Bytes
import Synchronization
import Tensors
import Zip

/// The zip archive that `torch.save` writes: one top folder with `data.pkl`, `data/<key>` and a few
/// small entries about the format.
final class TorchArchive: Sendable {
  /// Name of the top folder; torch takes it from the file name, so any will do.
  let topFolder: String
  private let zip: ZipArchive
  /// Whether the user accepts entries whose checksum is wrong.
  private let allowsWrongChecksums: Bool
  private let checked: Guarded<Checked>

  /// The entries verified so far, and the entry inflated last: tied weights request one entry more
  /// than once, and keeping all of them would keep the whole model.
  private struct Checked {
    var indices: Set<Int> = []
    var wrong: [String] = []
    var inflated: (index: Int, storage: ByteStorage)?
  }

  /// Formats 1 to 10 are those torch itself reads; it writes 3.
  private static let supportedVersions = 1...10
  private static let maximumNoteByteCount = 64

  /// - Throws: `pt.two_roots`, `pt.no_data_pkl`, `pt.torchscript`, `pt.version`, `pt.byteorder`.
  init(_ zip: ZipArchive, allowingWrongChecksums: Bool = false) throws(Failure) {
    self.zip = zip
    allowsWrongChecksums = allowingWrongChecksums
    checked = Guarded(Checked())
    topFolder = try TorchArchive.topFolder(zip.entries)
    try checkKind()
    try checkVersion()
    try checkByteOrder()
  }

  var entryCount: Int { zip.entries.count }

  /// The pickle that describes the checkpoint.
  func pickle() throws(Failure) -> (storage: ByteStorage, range: Range<Int>) {
    guard let index = zip.index(of: topFolder + "/data.pkl") else {
      throw TorchArchive.noPickleFailure
    }
    return try read(index)
  }

  /// The entry that holds `record`, whose size must be that in the pickle.
  /// - Throws: `pt.persistent_id` when there is none; `tensor.storage_size`.
  func entryIndex(of record: TorchStorageRecord) throws(Failure) -> Int {
    guard let index = zip.index(of: "\(topFolder)/data/\(record.key)") else {
      throw Failure(
        .badInput, code: "pt.persistent_id",
        "the checkpoint refers to the storage \(record.key), which the archive does not have")
    }
    let byteCount = zip.entries[index].byteCount
    guard checkedProduct(record.elementCount, record.dtype.byteCount) == byteCount else {
      throw Failure(
        .badInput, code: "tensor.storage_size",
        "a storage of \(record.elementCount) \(record.dtype.name) elements has \(byteCount) bytes",
        place: "entry \(printable(zip.entries[index].name))")
    }
    return index
  }

  /// The uncompressed bytes of an entry.
  ///
  /// Its checksum is verified at the first call.
  func read(_ index: Int) throws(Failure) -> (storage: ByteStorage, range: Range<Int>) {
    let isInflated = zip.entries[index].method == .deflated
    let known = checked.withLock { checked in
      (
        checked.indices.contains(index),
        checked.inflated.flatMap { $0.index == index ? $0.storage : nil }
      )
    }
    if known.0 {
      if let inflated = known.1 { return (inflated, 0..<inflated.byteCount) }
      if !isInflated { return (zip.storage, zip.dataRanges[index]) }
    }
    let contents = try zip.contents(index)
    let hasRightChecksum = known.0 || zip.hasRightChecksum(contents, index)
    guard hasRightChecksum || allowsWrongChecksums else { throw zip.checksumFailure(index) }
    checked.withLock {
      $0.indices.insert(index)
      if !hasRightChecksum { $0.wrong.append(zip.entries[index].name) }
      if isInflated { $0.inflated = (index, contents.storage) }
    }
    return contents
  }

  /// Names of the entries whose checksum was found to be wrong and accepted.
  var wrongChecksums: [String] { checked.withLock { $0.wrong } }

  /// Verifies the checksum of every entry that was not read yet.
  func verify() throws(Failure) {
    for index in zip.entries.indices {
      if checked.withLock({ $0.indices.contains(index) }) { continue }
      let contents = try read(index)
      contents.storage.releasePages(in: contents.range)
    }
  }

  // MARK: - Checks of the archive

  private static func topFolder(_ entries: [ZipEntry]) throws(Failure) -> String {
    var found: Substring?
    for entry in entries {
      let parts = entry.name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      guard let top = parts.first, parts.count == 2 else { throw noPickleFailure }
      if let found, found != top {
        throw Failure(
          .badInput, code: "pt.two_roots",
          "the archive has the top folders \(printable(String(found))) and "
            + "\(printable(String(top))); a torch file has one")
      }
      found = top
    }
    guard let found else { throw noPickleFailure }
    return String(found)
  }

  private static var noPickleFailure: Failure {
    Failure(
      .badInput, code: "pt.no_data_pkl",
      "a zip archive without a data.pkl in its top folder, not a torch checkpoint",
      hint: "pass the file that torch.save wrote")
  }

  private func checkKind() throws(Failure) {
    let isTorchScript = zip.entries.contains {
      let path = $0.name.dropFirst(topFolder.count + 1)
      return path == "constants.pkl" || path.hasPrefix("code/")
    }
    if isTorchScript {
      throw Failure(
        .badInput, code: "pt.torchscript",
        "this is a TorchScript program, not a checkpoint of weights",
        hint: "in Python: torch.save({\"model\": module.state_dict()}, \"out.pt\")")
    }
    guard zip.index(of: topFolder + "/data.pkl") != nil else {
      throw TorchArchive.noPickleFailure
    }
  }

  private func checkVersion() throws(Failure) {
    let text = try smallEntry("version", code: "pt.version")
    guard let text, let version = Int(text), TorchArchive.supportedVersions.contains(version)
    else {
      throw Failure(
        .badInput, code: "pt.version",
        "the archive's format version is \(text.map { printable($0) } ?? "missing"); versions 1 to "
          + "10 are supported")
    }
  }

  private func checkByteOrder() throws(Failure) {
    // Missing before torch 2.1, which wrote little-endian files on all common machines.
    guard let order = try smallEntry("byteorder", code: "pt.byteorder"), order != "little" else {
      return
    }
    throw Failure(
      .badInput, code: "pt.byteorder",
      "the checkpoint's byte order is \(printable(order)); only little-endian is supported")
  }

  /// The text of a small entry without surrounding white space; nil when there is none.
  private func smallEntry(_ name: String, code: String) throws(Failure) -> String? {
    guard let index = zip.index(of: topFolder + "/" + name) else { return nil }
    guard zip.entries[index].byteCount <= TorchArchive.maximumNoteByteCount else {
      throw Failure(
        .badInput, code: code, "the entry \(name) has \(zip.entries[index].byteCount) bytes")
    }
    let contents = try read(index)
    return unsafe contents.storage.withUnsafeBytes { bytes in
      let text = unsafe String(decoding: bytes[contents.range], as: UTF8.self)
      return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
  }
}
