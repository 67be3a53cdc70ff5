import Glibc

extension Failure {
  /// The failure to open or list `path`, from the system's error number.
  ///
  /// For a link that leads nowhere, the message names the link and its target.
  /// Codes: `file.missing`, `file.unreadable` (kind `missingInput`).
  public static func opening(_ path: String, _ problem: Int32) -> Failure {
    guard problem == ENOENT || problem == ENOTDIR || problem == ELOOP else {
      return Failure(
        .missingInput, code: "file.unreadable", "cannot be opened: \(systemMessage(problem))",
        file: path)
    }
    guard let link = DanglingLink(on: path) else {
      return Failure(
        .missingInput, code: "file.missing", "there is no such file", file: path,
        cause: .missingFile)
    }
    let subject = link.path == path ? "is a link" : "\(printable(link.path)) is a link"
    let target = printable(link.target)
    return Failure(
      .missingInput, code: problem == ELOOP ? "file.unreadable" : "file.missing",
      problem == ELOOP
        ? "\(subject) to \(target), which leads back to it"
        : "\(subject) to \(target), which does not exist",
      hint: "restore the file it leads to, or name another", file: path,
      cause: problem == ELOOP ? nil : .missingFile)
  }
}

/// The first link on a path that leads nowhere.
private struct DanglingLink {
  let path: String
  let target: String

  init?(on path: String) {
    var end = path.startIndex
    while end < path.endIndex {
      let next = path[end...].dropFirst().firstIndex(of: "/") ?? path.endIndex
      let part = String(path[..<next])
      end = next
      var status = stat()
      guard lstat(part, &status) == 0 else { return nil }
      guard status.st_mode & S_IFMT == S_IFLNK, stat(part, &status) != 0 else { continue }
      var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(part, &buffer, buffer.count)
      guard count > 0 else { return nil }
      self.path = part
      target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return
    }
    return nil
  }
}
