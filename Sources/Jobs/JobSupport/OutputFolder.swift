public import Bytes
internal import Glibc

/// A folder for results, checked before work begins and created with the first result.
///
/// A command that fails before its first result leaves no empty folder.
public struct OutputFolder: Sendable {
  public let path: String

  /// Checks that `path` is a writable folder, or that it could be created.
  /// - Throws: `output.folder` (kind `cannotCreate`).
  public init(_ path: String) throws(Failure) {
    self.path = path
    var known = path
    var status = stat()
    while stat(known, &status) != 0 {
      guard errno == ENOENT || errno == ENOTDIR else {
        throw OutputFolder.failure(String(cString: strerror(errno)), path)
      }
      known = OutputFolder.parent(of: known)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      let what = known == path ? "the output folder is a file" : "\(known) is a file, not a folder"
      throw OutputFolder.failure(what, path)
    }
    guard access(known, W_OK | X_OK) == 0 else {
      throw OutputFolder.failure(
        "the output folder cannot be written: \(String(cString: strerror(errno)))", path)
    }
  }

  /// Opens the folder, creating it and its parents if necessary.
  /// - Throws: `output.folder`, `output.link`.
  @discardableResult
  public func create() throws(Failure) -> OutputDirectory {
    let folder = try OutputDirectory(path, creating: true)
    try folder.checkWritable()
    return folder
  }

  /// The path of the file `name` in the folder.
  public func file(_ name: String) -> String {
    path.hasSuffix("/") ? path + name : "\(path)/\(name)"
  }

  /// Whether `other` is the same folder, however it is spelled.
  public func isSame(as other: String) -> Bool { isSameFile(path, other) }

  private static func parent(of path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
    if path.hasPrefix("/") { return "/" + parts.joined(separator: "/") }
    return parts.isEmpty ? "." : parts.joined(separator: "/")
  }

  private static func failure(_ what: String, _ path: String) -> Failure {
    Failure(.cannotCreate, code: "output.folder", what, file: path)
  }
}
