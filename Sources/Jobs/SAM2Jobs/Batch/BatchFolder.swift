import Bytes

/// The output folder of a batch: each item's files have their own folder, which appears complete or
/// not at all.
///
/// Files are written in the shard's hidden folder, which no other user may enter, and moved by a
/// single rename. Links in the output folder are never followed.
struct BatchFolder: Sendable {
  private let output: OutputDirectory
  private let partialName: String
  private let partial: OutputDirectory

  /// Removes anything left by a killed run of this shard, and starts afresh; only for the holder of
  /// the shard's lock.
  /// - Throws: `output.link`, `output.foreign` if another user has put something there;
  ///   `output.folder`, `output.write`.
  init(_ output: OutputDirectory, shard: Shard?) throws(Failure) {
    self.output = output
    partialName = ".partial" + (shard.map { "-\($0.name)" } ?? "")
    try output.remove(partialName)
    partial = try output.createFolder(partialName, isPrivate: true)
  }

  /// Removes the hidden folder.
  func close() { try? output.remove(partialName) }

  /// Whether an item's folder exists.
  func holds(_ id: String) -> Bool {
    let (parent, name) = BatchFolder.split(id)
    return (try? output.folder(parent))?.entry(name) == .folder
  }

  /// Starts the folder of item number `index`.
  func begin(_ index: Int) throws(Failure) -> OutputDirectory {
    try partial.remove("\(index)")
    return try partial.folder("\(index)", creating: true)
  }

  /// Discards the folder that was started for item `index`.
  func abandon(_ index: Int) { try? partial.remove("\(index)") }

  /// Moves the folder of item `index` to its final path, replacing any earlier one.
  /// - Throws: `output.exists` if something else is there; `output.folder`, `output.link`,
  ///   `output.write`.
  func commit(_ index: Int, as id: String, replacesExisting: Bool) throws(Failure) {
    let (parent, name) = BatchFolder.split(id)
    let folder = try output.folder(parent, creating: true)
    let old = "old-\(index)"
    if folder.entry(name) != nil {
      guard replacesExisting, folder.entry(name) == .folder, folder.owns(name),
        BatchResults.fill(try folder.folder(name))
      else {
        throw Failure(
          .outputExists, code: "output.exists", "exists already, and is not from this batch",
          hint: "choose another folder with -o", file: folder.file(name))
      }
      try folder.move(name, to: partial, as: old)
    }
    try partial.move("\(index)", to: folder, as: name)
    try partial.remove(old)
  }

  /// "a/b" and "c" for "a/b/c".
  private static func split(_ id: String) -> (parent: String, name: String) {
    guard let slash = id.lastIndex(of: "/") else { return ("", id) }
    return (String(id[..<slash]), String(id[id.index(after: slash)...]))
  }
}
