import Bytes
import Crypto
import JSON

/// A `.manifest.json`: the files of a model with the SHA-256 of each.
struct FileManifest {
  /// File names and their hashes, in the order of the text.
  let entries: [(name: String, hash: String)]

  static let suffix = "manifest.json"
  private static let maximumByteCount = 1 << 20
  private static let maximumFileCount = 1000

  /// Whether the bytes may be one: a JSON object whose first key is the name of a file of weights.
  static func looksLikeManifest(_ storage: ByteStorage) -> Bool {
    guard storage.byteCount <= maximumByteCount else { return false }
    let head = storage.withUnsafeBytes { String(decoding: $0.prefix(512), as: UTF8.self) }
    let text = head.drop { $0.isWhitespace }
    guard text.first == "{" else { return false }
    let key = text.dropFirst().drop { $0.isWhitespace }.dropFirst().prefix { $0 != "\"" }
    return key.hasSuffix(HDF5Folder.suffix)
  }

  /// - Throws: `manifest.json`, `manifest.entry`.
  init(_ storage: ByteStorage) throws(Failure) {
    var limits = JSONLimits()
    limits.byteCount = FileManifest.maximumByteCount
    limits.depth = 2
    let json: JSONValue
    do throws(Failure) {
      json = try JSONValue(parsing: storage, limits: limits)
    } catch {
      throw Failure(.badInput, code: "manifest.json", error.message, place: error.place)
    }
    guard let members = json.object, !members.isEmpty,
      members.count <= FileManifest.maximumFileCount
    else {
      throw Failure(
        .badInput, code: "manifest.json", "the manifest is not an object with the names of files")
    }
    var entries: [(name: String, hash: String)] = []
    for (name, value) in members {
      guard isPlainFileName(name), name.hasSuffix(HDF5Folder.suffix), let hash = value.string,
        hash.utf8.count == 64, hash.allSatisfy({ $0.isASCII && $0.isHexDigit })
      else {
        throw Failure(
          .badInput, code: "manifest.entry",
          "the manifest does not give the SHA-256 of a file of weights",
          place: "\"\(printable(name))\"")
      }
      entries.append((name, hash.lowercased()))
    }
    self.entries = entries
  }

  /// - Throws: `manifest.hash` unless `storage` has the SHA-256 `expected`.
  static func check(_ storage: ByteStorage, _ expected: String, file: String) throws(Failure) {
    var hasher = SHA256()
    storage.forEachPiece(of: 0..<storage.byteCount) { hasher.update(bufferPointer: $0) }
    let digits = Array("0123456789abcdef")
    let found = String(
      hasher.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    guard found == expected else {
      throw Failure(
        .badInput, code: "manifest.hash",
        "the SHA-256 is \(found); the manifest of the model has \(expected)",
        hint: "download the file again", file: file)
    }
  }
}

/// Whether a file may have that name in a list of files: without folders, printable, not hidden.
func isPlainFileName(_ name: String) -> Bool {
  name.utf8.count <= 255 && printable(name, limit: 255) == name && !name.hasPrefix(".")
    && !name.isEmpty && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
}
