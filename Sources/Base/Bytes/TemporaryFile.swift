import Glibc

/// A new file that replaces another once it is complete.
///
/// If the file system allows it, the file has no name until then, so that a killed process leaves
/// nothing on disk; otherwise its name is random and new.
struct TemporaryFile: ~Copyable {
  let descriptor: Int32
  private let folder: OutputDirectory
  private let target: String
  /// Nil while the file has no name.
  private var name: String?
  /// Removes the named file when a signal ends the process.
  private var ticket: Unfinished.Ticket?

  private static let attemptCount = 16

  /// Creates the file in `folder`, to be named `target` later.
  /// - Throws: `output.create`.
  init(in folder: OutputDirectory, for target: String) throws(Failure) {
    self.folder = folder
    self.target = target
    var descriptor = TemporaryFile.openNameless(in: folder)
    var problem = errno
    var attempt = 0
    while descriptor < 0, attempt < TemporaryFile.attemptCount {
      let name = TemporaryFile.randomName(for: target)
      descriptor = openat(
        folder.descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
      problem = errno
      if descriptor >= 0 {
        self.name = name
        ticket = Unfinished.file(folder.file(name))
      } else if problem != EEXIST {
        break
      }
      attempt += 1
    }
    self.descriptor = descriptor
    guard descriptor >= 0 else {
      throw Failure(
        .cannotCreate, code: "output.create", "cannot be created: \(systemMessage(problem))",
        file: folder.file(target))
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if let name { folder.removeFile(name) }
    ticket?.done()
  }

  /// Opens a file reachable only by its descriptor; -1 if that, or naming it later, is impossible.
  private static func openNameless(in folder: OutputDirectory) -> Int32 {
    guard access("/proc/self/fd", X_OK) == 0 else { return -1 }
    // O_TMPFILE, whose definition Swift does not import.
    let nameless: Int32 = 0o20000000 | O_DIRECTORY
    return openat(folder.descriptor, ".", O_RDWR | nameless | O_CLOEXEC, 0o666)
  }

  private static func randomName(for target: String) -> String {
    "\(target).tmp-\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
  }

  /// Gives the file the name for which it was created.
  /// - Throws: `output.exists`, `output.write`.
  mutating func publish(replaceExisting: Bool) throws(Failure) {
    if !replaceExisting {
      // Linking refuses a name that another process has taken since the first check.
      if linked(to: target) { return }
      if errno == EEXIST { throw AtomicFile.existsFailure(folder.file(target)) }
      // File systems without hard links get the plain rename below.
    }
    if name == nil {
      let temporary = TemporaryFile.randomName(for: target)
      guard linked(to: temporary) else { throw writeFailure(errno) }
      name = temporary
    }
    guard let name, renameat(folder.descriptor, name, folder.descriptor, target) == 0 else {
      throw writeFailure(errno)
    }
    self.name = nil
  }

  /// Links `newName` to the file; on failure, `errno` has the reason.
  private func linked(to newName: String) -> Bool {
    if let name { return linkat(folder.descriptor, name, folder.descriptor, newName, 0) == 0 }
    let origin = "/proc/self/fd/\(descriptor)"
    return linkat(AT_FDCWD, origin, folder.descriptor, newName, AT_SYMLINK_FOLLOW) == 0
  }

  private func writeFailure(_ problem: Int32) -> Failure {
    AtomicFileWriter.writeFailure(folder.file(target), problem)
  }

  /// Waits until the folder's names are on disk.
  func syncFolder() throws(Failure) {
    let readable = openat(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard readable >= 0 else { return }
    defer { close(readable) }
    // Some file systems cannot sync folders and return EINVAL; the rename itself has happened.
    if fsync(readable) != 0, errno == EIO { throw writeFailure(errno) }
  }
}
