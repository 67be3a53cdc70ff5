import Glibc

/// Walks, one name at a time, from an open folder to one below it or to one that a person named.
///
/// Every step opens a single name without following a link, so that no other process can insert a
/// link between a check and its use.
struct FolderWalk {
  /// Treatment of links on the way to a folder.
  enum Links {
    /// Followed unless another user may have planted them: the caller named the path.
    case trusted
    /// Refused: the path is below a folder of results.
    case refused
  }

  /// The whole path, for messages.
  let path: String
  let links: Links
  /// Whether missing folders are created.
  let creates: Bool

  /// A limit like the system's, so that circular links end.
  private static let maximumLinkCount = 40
  /// O_PATH, whose definition Swift does not import: opens a name without reading its content.
  private static let pathOnly: Int32 = 0o10000000

  /// Opens the folder `path`, treating its links as `trusted`.
  /// - Returns: a descriptor that serves only as the start of further paths.
  /// - Throws: `output.folder`, `output.link`.
  static func open(_ path: String, creating: Bool) throws(Failure) -> Int32 {
    let walk = FolderWalk(path: path, links: .trusted, creates: creating)
    return try walk.run(from: path.hasPrefix("/") ? "/" : ".", FolderWalk.names(path))
  }

  /// Opens the folder `names` below `start`, which stays open; links are refused.
  /// - Throws: `output.folder`, `output.link`.
  static func open(
    _ names: [Substring], below start: Int32, path: String, creating: Bool
  ) throws(Failure) -> Int32 {
    let walk = FolderWalk(path: path, links: .refused, creates: creating)
    guard !names.contains("..") else { throw walk.failure("leads out of the output folder") }
    let copy = fcntl(start, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw walk.failure(systemMessage(errno)) }
    return try walk.run(from: copy, names)
  }

  static func names(_ path: String) -> [Substring] {
    path.split(separator: "/").filter { $0 != "." }
  }

  // MARK: - Steps

  private func run(from start: String, _ names: [Substring]) throws(Failure) -> Int32 {
    let descriptor = Glibc.open(start, FolderWalk.pathOnly | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(systemMessage(errno)) }
    return try run(from: descriptor, names)
  }

  /// Walks from the folder `start`, which is closed when the walk leaves it.
  private func run(from start: Int32, _ names: [Substring]) throws(Failure) -> Int32 {
    var current = start
    var pending = Array(names.reversed())
    var linkCount = 0
    do throws(Failure) {
      while let name = pending.popLast() {
        let next = try openOrCreate(String(name), in: current)
        guard isFolder(next) else {
          defer { close(next) }
          linkCount += 1
          let target = try target(of: next, in: current, linkCount)
          if target.hasPrefix("/") { try replace(&current, by: rootFolder()) }
          pending += FolderWalk.names(target).reversed()
          continue
        }
        replace(&current, by: next)
      }
    } catch {
      close(current)
      throw error
    }
    return current
  }

  private func replace(_ current: inout Int32, by next: Int32) {
    close(current)
    current = next
  }

  private func rootFolder() throws(Failure) -> Int32 {
    let root = Glibc.open("/", FolderWalk.pathOnly | O_DIRECTORY | O_CLOEXEC)
    guard root >= 0 else { throw failure(systemMessage(errno)) }
    return root
  }

  private func openOrCreate(_ name: String, in folder: Int32) throws(Failure) -> Int32 {
    let flags = FolderWalk.pathOnly | O_NOFOLLOW | O_CLOEXEC
    let known = openat(folder, name, flags)
    if known >= 0 { return known }
    guard errno == ENOENT, creates else { throw failure(systemMessage(errno)) }
    guard mkdirat(folder, name, 0o777) == 0 || errno == EEXIST else {
      throw failure("cannot create the output folder: \(systemMessage(errno))")
    }
    let made = openat(folder, name, flags)
    guard made >= 0 else { throw failure(systemMessage(errno)) }
    return made
  }

  private func isFolder(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  // MARK: - Links

  /// The path that the open link `link` holds, if it may be followed.
  private func target(
    of link: Int32, in folder: Int32, _ linkCount: Int
  ) throws(Failure) -> String {
    var (status, place) = (stat(), stat())
    guard fstat(link, &status) == 0, fstat(folder, &place) == 0,
      status.st_mode & S_IFMT == S_IFLNK
    else { throw failure("a part of the path is a file, not a folder") }
    guard links == .trusted else { throw linkFailure("is reached through a link") }
    guard FolderWalk.isTrusted(status, in: place) else {
      throw linkFailure("is reached through a link of another user")
    }
    guard linkCount <= FolderWalk.maximumLinkCount else { throw failure(systemMessage(ELOOP)) }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlinkat(link, "", &buffer, buffer.count)
    guard count > 0, count < buffer.count else { throw failure(systemMessage(errno)) }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether a link belongs to this user, the administrator or the owner of its folder; nobody else
  /// can have created one in a folder that is not writable by several users.
  private static func isTrusted(_ link: stat, in folder: stat) -> Bool {
    let isShared = folder.st_mode & (S_IWGRP | S_IWOTH) != 0
    return !isShared || [geteuid(), 0, folder.st_uid].contains(link.st_uid)
  }

  // MARK: - Failures

  private func failure(_ what: String) -> Failure {
    Failure(.cannotCreate, code: "output.folder", what, file: path)
  }

  private func linkFailure(_ what: String) -> Failure {
    Failure(
      .cannotCreate, code: "output.link", what,
      hint: links == .trusted
        ? "give the path that the link leads to, if it is yours"
        : "links in output folders are not followed; remove it, or choose another folder",
      file: path)
  }
}
