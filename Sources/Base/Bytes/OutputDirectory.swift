import Glibc

/// An open folder for results, to which other users of the machine may be able to write.
///
/// Files and folders below it are reached from the open folder and never through a link, regardless
/// of its owner. Nothing is emptied, truncated or appended to until it has been opened and its
/// owner and kind checked on the open descriptor. `path` is only for messages.
public final class OutputDirectory: Sendable {
  public let path: String
  /// Serves as the start of paths; reading names needs another descriptor.
  let descriptor: Int32

  /// Opens the folder at `path`, creating missing folders if `creating`; follows a link on the way
  /// only if no other user can have planted it.
  /// - Throws: `output.folder`, `output.link` (kind `cannotCreate`).
  public init(_ path: String, creating: Bool = false) throws(Failure) {
    self.path = path
    descriptor = try FolderWalk.open(path, creating: creating)
  }

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The path of the file `name`, for messages.
  public func file(_ name: String) -> String {
    if path == "." { return name }
    return path.hasSuffix("/") ? path + name : "\(path)/\(name)"
  }

  /// Passes if files can be created in the folder.
  /// - Throws: `output.folder`.
  public func checkWritable() throws(Failure) {
    guard faccessat(descriptor, ".", W_OK | X_OK, 0) != 0 else { return }
    throw Failure(
      .cannotCreate, code: "output.folder", "the output folder is not writable", file: path)
  }

  // MARK: - Folders below

  /// The folder at the relative path `name`.
  /// - Throws: `output.link` when a link is on the way; `output.folder`.
  public func folder(_ name: String, creating: Bool = false) throws(Failure) -> OutputDirectory {
    let names = FolderWalk.names(name)
    if names.isEmpty { return self }
    let inner = file(name)
    let descriptor = try FolderWalk.open(
      names, below: descriptor, path: inner, creating: creating)
    return OutputDirectory(path: inner, descriptor: descriptor)
  }

  /// Creates the folder `name`; if it is private, other users can neither read nor write it.
  /// - Throws: `output.folder`, also when something of that name already exists.
  public func createFolder(
    _ name: String, isPrivate: Bool = false
  ) throws(Failure) -> OutputDirectory {
    guard mkdirat(descriptor, name, isPrivate ? 0o700 : 0o777) == 0 else {
      throw Failure(
        .cannotCreate, code: "output.folder",
        "cannot create the folder: \(systemMessage(errno))", file: file(name))
    }
    let folder = try folder(name)
    try folder.checkOwner()
    return folder
  }

  /// Checks that the folder belongs to this user.
  /// - Throws: `output.foreign`.
  private func checkOwner() throws(Failure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, isOurs(status) else { throw foreignFailure(path) }
  }

  /// Whether a file or folder in this one belongs to this user.
  func isOurs(_ status: stat) -> Bool {
    if status.st_uid == geteuid() { return true }
    // Some file systems give every file a different owner, even those created just now.
    guard let created = try? TemporaryFile(in: self, for: "owner") else { return false }
    var own = stat()
    return fstat(created.descriptor, &own) == 0 && own.st_uid == status.st_uid
  }

  // MARK: - Names

  /// The kinds of entries.
  public enum Entry: Sendable {
    case file
    case folder
    case link
    /// A device, a pipe, a socket, or a name that cannot be examined.
    case other
  }

  /// The kind of the entry `name`; nil if it does not exist.
  public func entry(_ name: String) -> Entry? {
    var status = stat()
    guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      return errno == ENOENT ? nil : .other
    }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    case S_IFLNK: .link
    default: .other
    }
  }

  /// Whether the file or folder `name` exists and belongs to this user.
  public func owns(_ name: String) -> Bool {
    var status = stat()
    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && isOurs(status)
  }

  /// The names in the folder, in no particular order; empty if it cannot be read.
  public var names: [String] {
    let readable = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard readable >= 0 else { return [] }
    guard let stream = fdopendir(readable) else {
      close(readable)
      return []
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Moves the file or folder `name` to the folder `target`, under the name `newName`.
  /// - Throws: `output.write`.
  public func move(
    _ name: String, to target: OutputDirectory, as newName: String
  ) throws(Failure) {
    guard renameat(descriptor, name, target.descriptor, newName) == 0 else {
      throw Failure(
        .writing, code: "output.write",
        "cannot be put in its place: \(systemMessage(errno))", file: target.file(newName))
    }
  }

  /// Renames the folder `source` to `name` if that name is free or is an empty folder; returns
  /// whether it did.
  public func replaceEmptyFolder(_ name: String, by source: String) -> Bool {
    renameat(descriptor, source, descriptor, name) == 0
  }

  func foreignFailure(_ path: String) -> Failure {
    Failure(
      .cannotCreate, code: "output.foreign", "belongs to another user",
      hint: "choose another folder, or let its owner remove it", file: path)
  }
}
