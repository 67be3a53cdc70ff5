import Glibc

/// Writes files that appear complete or not at all.
public enum AtomicFile {
  /// Checks that an output could be created, before the work that produces it.
  /// - Throws: `output.exists`, `output.not_regular`, `output.folder` (kind `cannotCreate`).
  public static func checkCanCreate(path: String, replaceExisting: Bool) throws(Failure) {
    guard path.utf8.last != UInt8(ascii: "/"), !path.isEmpty else {
      throw Failure(.cannotCreate, code: "output.not_regular", "names no file", file: path)
    }
    try checkParent(of: path)
    var status = stat()
    // Devices and folders are never replaced; a link counts as its target.
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw Failure(
        .cannotCreate, code: "output.not_regular", "exists and is not a regular file", file: path)
    }
    if !replaceExisting, lstat(path, &status) == 0 { throw existsFailure(path) }
  }

  /// Checks that a file or folder could be created at `path`, whether or not one exists there.
  /// - Throws: `output.folder` (kind `cannotCreate`).
  public static func checkParent(of path: String) throws(Failure) {
    let folder = folder(of: path)
    var status = stat()
    guard stat(folder, &status) == 0 else {
      throw Failure(
        .cannotCreate, code: "output.folder", "the folder \(folder) does not exist", file: path)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw Failure(.cannotCreate, code: "output.folder", "\(folder) is not a folder", file: path)
    }
    guard access(folder, W_OK | X_OK) == 0 else {
      throw Failure(
        .cannotCreate, code: "output.folder", "the folder \(folder) is not writable", file: path)
    }
  }

  /// Writes the file at `path` through `body`, all or nothing.
  ///
  /// The bytes are written to a temporary in the same folder, which is synced and renamed to
  /// `path`; then the folder is synced. If anything fails, the temporary is removed and `path` is
  /// unchanged. A link at `path` is replaced, not followed.
  /// - Throws: what `begin` and `body` throw; `output.write` (kind `inputOutput`).
  public static func write(
    path: String, replaceExisting: Bool, body: (inout AtomicFileWriter) throws -> Void
  ) throws {
    var writer = try begin(path: path, replaceExisting: replaceExisting)
    try body(&writer)
    try writer.publish(replaceExisting: replaceExisting)
  }

  /// Creates the temporary for the file at `path`, for a caller that publishes it.
  /// - Throws: what `checkCanCreate` throws; `output.link`, `output.create`.
  public static func begin(
    path: String, replaceExisting: Bool
  ) throws(Failure) -> AtomicFileWriter {
    try checkCanCreate(path: path, replaceExisting: replaceExisting)
    let folder = folder(of: path)
    let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[$0...].dropFirst() }
    return try AtomicFileWriter(in: OutputDirectory(folder), name: name.map(String.init) ?? path)
  }

  static func existsFailure(_ path: String) -> Failure {
    Failure(
      .outputExists, code: "output.exists", "exists already", hint: "use --force to replace it",
      file: path)
  }

  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
