import Bytes
import JobSupport

/// Names of results, derived from the names of pictures.
enum OutputName {
  /// File systems allow 255; writing needs 26 more for a while where a file cannot be nameless.
  private static let byteLimit = 255 - 26

  /// Checks that the last part of `path` is no longer than file systems allow.
  /// - Throws: `output.name_too_long`.
  static func check(_ path: String) throws(Failure) {
    let byteCount = fileName(path).utf8.count
    guard byteCount > byteLimit else { return }
    throw Failure(
      .cannotCreate, code: "output.name_too_long",
      "the name of the result has \(byteCount) bytes, more than \(byteLimit)",
      hint: "give the picture a shorter name", file: path)
  }
}
