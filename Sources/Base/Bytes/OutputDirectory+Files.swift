import Glibc

extension OutputDirectory {
  /// Writes the file `name` through `body`, all or nothing, like `AtomicFile.write`; `name` may
  /// begin with folders, which are created.
  /// - Throws: `output.*`, and what `body` throws.
  public func write(
    _ name: String, replaceExisting: Bool = true, body: (inout AtomicFileWriter) throws -> Void
  ) throws {
    if let slash = name.lastIndex(of: "/") {
      try folder(String(name[..<slash]), creating: true).write(
        String(name[name.index(after: slash)...]), replaceExisting: replaceExisting, body: body)
      return
    }
    try checkCanCreate(name, replaceExisting: replaceExisting)
    var writer = try AtomicFileWriter(in: self, name: name)
    try body(&writer)
    try writer.publish(replaceExisting: replaceExisting)
  }

  /// Writes `bytes` to the file `name`, in the same way.
  /// - Throws: `output.*`.
  public func write(_ name: String, _ bytes: [UInt8]) throws(Failure) {
    do {
      try write(name) { try $0.write(bytes) }
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(
        .internalError, code: "output.write", "writing failed: \(error)", file: file(name))
    }
  }

  /// Passes if `name` does not exist, or is a file or link that may be replaced.
  private func checkCanCreate(_ name: String, replaceExisting: Bool) throws(Failure) {
    switch entry(name) {
    case nil: return
    case .file, .link:
      guard replaceExisting else { throw AtomicFile.existsFailure(file(name)) }
    case .folder, .other: throw notRegularFailure(name)
    }
  }

  // MARK: - Files that grow

  /// Opens the file `name` for reading and appending, and creates it if necessary.
  /// - Returns: a descriptor, which the caller closes.
  /// - Throws: `output.link`, `output.not_regular`, `output.foreign`, `output.create`.
  public func appendable(_ name: String) throws(Failure) -> Int32 {
    // Non-blocking, so that a named pipe is refused rather than waited for.
    let flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
    let new = openat(descriptor, name, flags | O_CREAT | O_EXCL, 0o666)
    if new >= 0 { return new }
    guard errno == EEXIST else { throw createFailure(name, errno) }
    return try checked(openat(descriptor, name, flags), name)
  }

  /// Opens the file `name` for reading; nil if it does not exist.
  /// - Throws: as for `appendable`.
  public func readable(_ name: String) throws(Failure) -> Int32? {
    guard entry(name) != nil else { return nil }
    return try checked(
      openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), name)
  }

  /// Returns an open file if it is a regular file of this user that has no other name.
  private func checked(_ file: Int32, _ name: String) throws(Failure) -> Int32 {
    guard file >= 0 else {
      throw errno == ELOOP ? linkFailure(name, "is a link") : createFailure(name, errno)
    }
    do throws(Failure) {
      var status = stat()
      guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw notRegularFailure(name)
      }
      guard isOurs(status) else { throw foreignFailure(self.file(name)) }
      guard status.st_nlink <= 1 else {
        throw linkFailure(name, "is a file that has another name as well")
      }
    } catch {
      close(file)
      throw error
    }
    return file
  }

  // MARK: - Removing

  /// Removes `name` if it is a file or link, and nothing else; returns whether it did.
  @discardableResult
  public func removeFile(_ name: String) -> Bool { unlinkat(descriptor, name, 0) == 0 }

  /// Removes the file at the relative path `path`, if there is one.
  /// - Throws: as for `folder`.
  public func removeFile(at path: String) throws(Failure) {
    guard let slash = path.lastIndex(of: "/") else {
      removeFile(path)
      return
    }
    try folder(String(path[..<slash])).removeFile(String(path[path.index(after: slash)...]))
  }

  /// Removes the file `name`, or the folder with everything in it; follows no links.
  /// - Throws: `output.link` for a link, `output.foreign` for a folder of another user,
  ///   `output.write` when something cannot be removed.
  public func remove(_ name: String) throws(Failure) {
    switch entry(name) {
    case nil: return
    case .link: throw linkFailure(name, "is a link")
    case .file, .other:
      guard removeFile(name) || errno == ENOENT else { throw removeFailure(name, errno) }
    case .folder:
      let inner = try folder(name)
      var status = stat()
      guard fstat(inner.descriptor, &status) == 0, isOurs(status) else {
        throw foreignFailure(inner.path)
      }
      try inner.empty()
      guard unlinkat(descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
        throw removeFailure(name, errno)
      }
    }
  }

  /// Removes everything in the folder, including links but not their targets.
  private func empty() throws(Failure) {
    for name in names where !removeFile(name) {
      let problem = errno
      guard entry(name) == .folder else { throw removeFailure(name, problem) }
      try remove(name)
    }
  }

  // MARK: - Failures

  private func linkFailure(_ name: String, _ what: String) -> Failure {
    Failure(
      .cannotCreate, code: "output.link", what,
      hint: "links in output folders are not followed; remove it, or choose another folder",
      file: file(name))
  }

  private func notRegularFailure(_ name: String) -> Failure {
    Failure(
      .cannotCreate, code: "output.not_regular", "exists and is not a regular file",
      file: file(name))
  }

  private func createFailure(_ name: String, _ problem: Int32) -> Failure {
    Failure(
      .cannotCreate, code: "output.create", "cannot be created: \(systemMessage(problem))",
      file: file(name))
  }

  private func removeFailure(_ name: String, _ problem: Int32) -> Failure {
    Failure(
      .writing, code: "output.write", "cannot be removed: \(systemMessage(problem))",
      file: file(name))
  }
}
