import Bytes

/// The rules for item names, which become paths below the output folder.
enum BatchIdentifier {
  private static let byteLimit = 1000
  private static let partByteLimit = 200

  /// Checks that `text` stays below the output folder.
  /// - Throws: `batch.id`.
  static func check(_ text: String) throws(Failure) {
    guard !text.isEmpty, text.utf8.count <= byteLimit else {
      throw failure("has \(text.utf8.count) bytes; 1 to \(byteLimit) are accepted")
    }
    if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      throw failure("\(printable(text)) holds a control character")
    }
    for part in text.split(separator: "/", omittingEmptySubsequences: false) {
      // Rejecting a leading dot also covers ".." and the batch's hidden files.
      guard !part.isEmpty, part.utf8.first != UInt8(ascii: "."), part.utf8.count <= partByteLimit
      else { throw failure("\(printable(text)) is not a relative path of plain names") }
    }
    // Reserved for the results themselves.
    if text.hasPrefix("results"), !text.hasPrefix("results/") {
      let name = text.prefix { $0 != "/" }
      if name.hasSuffix(".jsonl") || name.hasSuffix(".part") {
        throw failure("\(printable(text)) is a name of result files")
      }
    }
  }

  /// The folders on an identifier's path: "a" and "a/b" for "a/b/c".
  static func folders(of text: String) -> [String] {
    var folders: [String] = []
    var path = ""
    for part in text.split(separator: "/").dropLast() {
      path += (path.isEmpty ? "" : "/") + part
      folders.append(path)
    }
    return folders
  }

  /// FNV-1a of the UTF-8 bytes.
  ///
  /// Callers compare the texts if the hashes are equal.
  static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static func failure(_ what: String) -> Failure {
    Failure(
      .badInput, code: "batch.id", "the id \(what)",
      hint: "use names and slashes, as in \"folder/0001\"")
  }
}
