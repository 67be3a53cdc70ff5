import Glibc
import TestSupport
import Testing

/// The files of this repository.
enum Repository {
  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/")

  /// Paths of the files at and below `path` whose names end in one of `extensions`, sorted.
  static func files(_ path: String, _ extensions: Set<String>) -> [String] {
    let suffix = path.split(separator: "/").last?.split(separator: ".").dropFirst().last
    if let suffix, extensions.contains(String(suffix)) { return [path] }
    return folderNames("\(root)/\(path)").filter { name in
      name == ".github" || !name.hasPrefix(".") && name != "out"
    }
    .flatMap { files(path == "." ? $0 : "\(path)/\($0)", extensions) }
  }

  static func text(_ path: String) throws -> String {
    String(decoding: try #require(fileBytes("\(root)/\(path)"), "\(path)"), as: UTF8.self)
  }

  static func exists(_ path: String) -> Bool { access("\(root)/\(path)", F_OK) == 0 }

  /// Every document.
  static let documents = files(".", ["md"]).filter { !$0.contains(".docc/") }
}
