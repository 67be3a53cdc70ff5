import Annotations
import Bytes
import JobSupport

/// Names of results, derived from picture names.
enum OutputName {
  /// File systems allow 255; if a file cannot be nameless, writing temporarily needs 26 more.
  private static let byteLimit = 255 - 26

  /// Checks that the last part of `path` does not exceed the file system limit.
  /// - Throws: `output.name_too_long`.
  static func check(_ path: String) throws(Failure) {
    let byteCount = fileName(path).utf8.count
    guard byteCount > byteLimit else { return }
    throw Failure(
      .cannotCreate, code: "output.name_too_long",
      "the name of the result has \(byteCount) bytes, more than \(byteLimit)",
      hint: "give the picture a shorter name", file: path)
  }

  /// Checks that files about all pictures can distinguish `images` by file name.
  /// - Throws: `output.same_name`.
  static func checkListed(_ images: [String], in kinds: [AnnotationKind]) throws(Failure) {
    guard let kind = kinds.first(where: \.describesAll) else { return }
    var owners: [String: String] = [:]
    for image in images {
      guard let owner = owners.updateValue(image, forKey: fileName(image)), owner != image else {
        continue
      }
      throw Failure(
        .usage, code: "output.same_name",
        "\(owner) and \(image) have the same name, by which files of the format \(kind.rawValue) "
          + "distinguish pictures", hint: "write them into different folders")
    }
  }
}
