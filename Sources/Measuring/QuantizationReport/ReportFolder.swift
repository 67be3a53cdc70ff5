public import Bytes
import JobSupport

/// A report's folder, which appears complete or not at all.
public struct ReportFolder: Sendable {
  static let (page, data) = ("index.html", "report.json")

  public let path: String
  private let name: String
  /// The folder that contains the report's folder.
  private let parent: OutputDirectory
  private let replacesExisting: Bool

  /// Checks, before any work, that the folder can be created or replaced.
  ///
  /// A folder is only ever replaced if it is empty or contains nothing but a report.
  /// - Throws: `output.exists`, `output.folder`, `output.link`.
  public init(_ path: String, replaceExisting: Bool) throws(Failure) {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
    name = fileName(path)
    replacesExisting = replaceExisting
    try AtomicFile.checkParent(of: path)
    parent = try OutputDirectory(folderName(path))
    try check()
  }

  /// Checks that there is nothing at the path, or only a report that may be replaced.
  private func check() throws(Failure) {
    guard let entry = parent.entry(name) else { return }
    guard entry == .folder else {
      throw Failure(
        .cannotCreate, code: "output.folder", "exists and is not a folder", file: path)
    }
    let names = try parent.folder(name).names
    guard names.allSatisfy({ [Self.page, Self.data].contains($0) }) else {
      throw Failure(
        .outputExists, code: "output.exists", "the folder holds other things than a report",
        hint: "choose another folder with --report", file: path)
    }
    guard replacesExisting || names.isEmpty else {
      throw Failure(
        .outputExists, code: "output.exists", "exists already", hint: "use --force to replace it",
        file: path)
    }
  }

  /// Writes the report.
  ///
  /// Its files are written to a sibling folder, which is then renamed.
  /// - Throws: `output.write`, `output.folder`, `output.exists`.
  public func write(_ report: QuantizationReport) throws(Failure) {
    let files = report.files
    let temporary = "\(name).tmp-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
    let place = parent.file(temporary)
    let tickets =
      files.map { Unfinished.file("\(place)/\($0.name)") } + [Unfinished.file(place)]
    defer {
      try? parent.remove(temporary)
      for ticket in tickets { ticket.done() }
    }
    do throws(Failure) {
      let folder = try parent.createFolder(temporary)
      for file in files { try folder.write(file.name, file.bytes) }
    } catch {
      throw Failure(error.kind, code: error.code, error.message, file: path)
    }
    try publish(temporary)
  }

  /// Renames the finished folder to its final name, removing any earlier report.
  private func publish(_ temporary: String) throws(Failure) {
    // A rename replaces an empty folder, but refuses one that has gained contents since.
    if parent.replaceEmptyFolder(name, by: temporary) { return }
    // Check once more: files added in the meantime belong to somebody else.
    try check()
    let old = "\(temporary)-old"
    try parent.move(name, to: parent, as: old)
    do throws(Failure) {
      try parent.move(temporary, to: parent, as: name)
    } catch {
      try? parent.move(old, to: parent, as: name)
      throw error
    }
    try? parent.remove(old)
  }
}
