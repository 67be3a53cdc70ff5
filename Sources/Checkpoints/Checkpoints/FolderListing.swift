import Bytes
import Glibc

/// The names in a folder.
struct FolderListing {
  let path: String
  /// In the order of their bytes, without those that begin with a dot.
  let names: [String]

  private static let maximumNameCount = 100_000

  /// The names in the folder at `path`; nil when there is no folder.
  /// - Throws: `file.unreadable`, `checkpoint.folder`.
  init?(_ path: String) throws(Failure) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
    guard let folder = opendir(path) else {
      throw Failure(.missingInput, code: "file.unreadable", "the folder cannot be opened")
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard !name.hasPrefix(".") else { continue }
      guard names.count < FolderListing.maximumNameCount else {
        throw Failure(
          .badInput, code: "checkpoint.folder",
          "the folder holds more than \(FolderListing.maximumNameCount) files")
      }
      names.append(name)
    }
    self.path = path.hasSuffix("/") ? String(path.dropLast()) : path
    self.names = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  func path(of name: String) -> String { "\(path)/\(name)" }
}
