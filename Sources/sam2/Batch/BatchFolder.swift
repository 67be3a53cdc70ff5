import Annotations
import Bytes
import CLISupport
import Glibc

/// The output folder of a batch: each item's files lie in a folder of their own, which appears
/// complete or not at all.
///
/// Files are made in a hidden folder of the shard, and moved by one renaming.
struct BatchFolder: Sendable {
  let output: OutputFolder
  private let partial: String

  init(_ output: OutputFolder, shard: Shard?) {
    self.output = output
    partial = output.file(".partial" + (shard.map { "-\($0.name)" } ?? ""))
  }

  /// Removes what a killed run of this shard left; to be called by whoever holds its lock.
  func clean() { FileTree.remove(partial) }

  /// The final folder of an item.
  func final(_ id: String) -> String { output.file(id) }

  /// Starts the folder of item number `index`.
  func begin(_ index: Int) throws(Failure) -> String {
    let path = "\(partial)/\(index)"
    FileTree.remove(path)
    try Tool.createFolder(path)
    return path
  }

  /// Drops what was begun.
  func abandon(_ index: Int) { FileTree.remove("\(partial)/\(index)") }

  /// Gives the folder of item `index` its place and name; what an earlier run left there goes.
  /// - Throws: `output.exists` when there is something else; `output.folder`, `output.write`.
  func commit(_ index: Int, as id: String, replacesExisting: Bool) throws(Failure) {
    let target = final(id)
    try Tool.createFolder(folderName(target))
    var status = stat()
    let old = "\(partial)/old-\(index)"
    if lstat(target, &status) == 0 {
      guard replacesExisting, FileTree.holdsOnlyResults(target) else {
        throw Failure(
          .cannotCreate, code: "output.exists", "exists already, and is not from this batch",
          hint: "choose another folder with -o", file: target)
      }
      try move(target, to: old)
    }
    try move("\(partial)/\(index)", to: target)
    FileTree.remove(old)
  }

  private func move(_ source: String, to target: String) throws(Failure) {
    guard rename(source, target) == 0 else {
      throw Failure(
        .inputOutput, code: "output.write",
        "the files cannot be put in their place: \(String(cString: strerror(errno)))", file: target)
    }
  }
}

/// Folders with what is in them.
enum FileTree {
  /// Removes a file or folder; links are not followed.
  static func remove(_ path: String) {
    if unlink(path) == 0 || errno == ENOENT { return }
    for name in names(path) { remove("\(path)/\(name)") }
    rmdir(path)
  }

  /// Names of files that formats write, beside those that are numbers.
  private static let resultNames: Set<String> = [
    "metadata.csv", "labels.png", "coco.json", "coco-polygons.json", "data.yaml",
    "label-studio.json", "annotations.xml",
  ]

  /// Whether a folder holds nothing but files that batches write, so that it may be replaced.
  static func holdsOnlyResults(_ path: String) -> Bool {
    guard isFolder(path) else { return false }
    return names(path).allSatisfy { name in
      let inner = "\(path)/\(name)"
      let stem = fileStem(name)
      if !stem.isEmpty, stem.allSatisfy(\.isWholeNumber) {
        return name == stem + ".png" || (name == stem && holdsOnlyResults(inner))
      }
      // YOLO's labels are called as the pictures.
      if name == "labels" { return isFolder(inner) && names(inner).allSatisfy(isText) }
      if AnnotationKind(rawValue: name) != nil { return holdsOnlyResults(inner) }
      return resultNames.contains(name) || name.hasSuffix("_manual.json")
    }
  }

  private static func isText(_ name: String) -> Bool { name.hasSuffix(".txt") }

  /// Whether there is a folder; a link is none, wherever it leads.
  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private static func names(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
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
}
