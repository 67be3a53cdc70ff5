public import Bytes
internal import Glibc

/// The folder of a report, which appears complete or not at all.
public struct ReportFolder: Sendable {
  static let (page, data) = ("index.html", "report.json")

  public let path: String
  private let replacesExisting: Bool

  /// Checks before the work that the folder can be made, or replaced.
  ///
  /// Only a folder that holds nothing but a report, or nothing at all, is ever replaced.
  /// - Throws: `output.exists`, `output.folder`.
  public init(_ path: String, replaceExisting: Bool) throws(Failure) {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
    replacesExisting = replaceExisting
    try AtomicFile.checkParent(of: path)
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw Failure(
        .cannotCreate, code: "output.folder", "exists and is not a folder", file: path)
    }
    let names = Self.names(in: path)
    guard names.allSatisfy({ [Self.page, Self.data].contains($0) }) else {
      throw Failure(
        .cannotCreate, code: "output.exists", "the folder holds other things than a report",
        hint: "choose another folder with --report", file: path)
    }
    guard replaceExisting || names.isEmpty else {
      throw Failure(
        .cannotCreate, code: "output.exists", "exists already", hint: "use --force to replace it",
        file: path)
    }
  }

  /// Writes the report.
  ///
  /// Its files are made in a folder beside, which then gets the name.
  /// - Throws: `output.write`, `output.folder`, `output.exists`.
  public func write(_ report: QuantizationReport) throws(Failure) {
    let temporary =
      "\(path).tmp-\(getpid())-\(String(UInt32.random(in: 0...UInt32.max), radix: 16))"
    let files = report.files
    let tickets =
      files.map { Unfinished.file("\(temporary)/\($0.name)") } + [Unfinished.file(temporary)]
    defer {
      Self.remove(temporary)
      for ticket in tickets { ticket.done() }
    }
    guard mkdir(temporary, 0o777) == 0 else {
      throw Failure(
        .cannotCreate, code: "output.folder",
        "cannot be created: \(String(cString: strerror(errno)))", file: path)
    }
    for file in files {
      do {
        try AtomicFile.write(path: "\(temporary)/\(file.name)", replaceExisting: false) {
          try $0.write(file.bytes)
        }
      } catch let failure as Failure {
        throw Failure(failure.kind, code: failure.code, failure.message, file: path)
      } catch {
        throw Failure(.internalError, code: "output.write", "\(error)", file: path)
      }
    }
    try publish(temporary)
  }

  /// Gives the finished folder its name; an earlier report goes.
  private func publish(_ temporary: String) throws(Failure) {
    // A rename replaces an empty folder, and refuses one that has got something since.
    if rename(temporary, path) == 0 { return }
    guard errno == ENOTEMPTY || errno == EEXIST else { throw failure(errno) }
    // Looks once more: what has come since is nobody's to remove.
    let again = try ReportFolder(path, replaceExisting: replacesExisting)
    let old = "\(temporary)-old"
    guard rename(again.path, old) == 0 else { throw failure(errno) }
    guard rename(temporary, path) == 0 else {
      let problem = errno
      rename(old, path)
      throw failure(problem)
    }
    Self.remove(old)
  }

  private func failure(_ problem: Int32) -> Failure {
    Failure(
      .inputOutput, code: "output.write",
      "the report cannot be put in its place: \(String(cString: strerror(problem)))", file: path)
  }

  private static func remove(_ folder: String) {
    for name in [page, data] { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
