import Glibc

/// Writes files that appear complete or not at all.
public enum AtomicFile {
  /// Whether an output could be created, asked before the work that makes it.
  /// - Throws: `output.exists`, `output.not_regular`, `output.folder` (kind `cannotCreate`).
  public static func checkCanCreate(path: String, replaceExisting: Bool) throws(Failure) {
    guard path.utf8.last != UInt8(ascii: "/"), !path.isEmpty else {
      throw Failure(.cannotCreate, code: "output.not_regular", "names no file", file: path)
    }
    try checkParent(of: path)
    var status = stat()
    // Devices and folders are never replaced; a link counts as what it points to.
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw Failure(
        .cannotCreate, code: "output.not_regular", "exists and is not a regular file", file: path)
    }
    if !replaceExisting, lstat(path, &status) == 0 { throw existsFailure(path) }
  }

  /// Whether a file or folder could be created where `path` says, but for what is there already.
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
  /// The bytes go to a temporary in the same folder, which is synced, named `path`, and the folder
  /// synced. When anything fails the temporary is removed and `path` is as before.
  /// - Throws: what `checkCanCreate` and `body` throw; `output.write` (kind `inputOutput`).
  public static func write(
    path: String, replaceExisting: Bool, body: (inout AtomicFileWriter) throws -> Void
  ) throws {
    try checkCanCreate(path: path, replaceExisting: replaceExisting)
    var writer = try AtomicFileWriter(temporaryFor: path)
    try body(&writer)
    try writer.publish(replaceExisting: replaceExisting)
    try syncFolder(of: path)
  }

  private static func syncFolder(of path: String) throws(Failure) {
    let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Some file systems cannot sync folders and say EINVAL; the rename itself has happened.
    if fsync(descriptor) != 0, errno == EIO { throw AtomicFileWriter.writeFailure(path, errno) }
  }

  static func existsFailure(_ path: String) -> Failure {
    Failure(
      .cannotCreate, code: "output.exists", "exists already", hint: "use --force to replace it",
      file: path)
  }

  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
