import Bytes

/// Which files of a folder are the weights of one model.
///
/// A file is called `MODEL_PART.weights.h5` or `PART.weights.h5`; a manifest, `MODEL.manifest.json`,
/// `MODEL.video.manifest.json` or one of these without the model, names parts.
struct FileChoice {
  struct File {
    let name: String
    /// Name of the model, with what joins it to that of the part.
    let prefix: String
    let part: String
    var hash: String?
  }

  private(set) var files: [File] = []
  private(set) var notes: [String] = []

  /// - Throws: codes that start with `manifest.`.
  init(_ folder: FolderListing, parts: [String]) throws(Failure) {
    var others: [String] = []
    for name in folder.names where name.hasSuffix(HDF5Folder.suffix) {
      let stem = String(name.dropLast(HDF5Folder.suffix.count))
      if let file = FileChoice.file(name, stem, parts) {
        files.append(file)
      } else {
        others.append(name)
      }
    }
    if !others.isEmpty {
      let shown = others.prefix(4).map { printable($0) }.joined(separator: ", ")
      notes.append(
        "left out \(others.count) files that are not part of such a model: \(shown)"
          + (others.count > 4 ? ", …" : ""))
    }
    for name in folder.names where name.hasSuffix(FileManifest.suffix) {
      try add(manifest: name, in: folder)
    }
  }

  private static func file(_ name: String, _ stem: String, _ parts: [String]) -> File? {
    guard !parts.isEmpty else { return File(name: name, prefix: "", part: stem) }
    let part = parts.filter { stem == $0 || stem.hasSuffix("_\($0)") }.max {
      $0.utf8.count < $1.utf8.count
    }
    return part.map { File(name: name, prefix: String(stem.dropLast($0.count)), part: $0) }
  }

  /// The beginning of the names of the files that the manifest `name` speaks of.
  static func prefix(ofManifest name: String) -> String {
    var rest = name.dropLast(FileManifest.suffix.count)
    for ending in [".", ".video"] where rest.hasSuffix(ending) {
      rest = rest.dropLast(ending.count)
    }
    return rest.isEmpty || rest == "video" ? "" : "\(rest)_"
  }

  private mutating func add(
    manifest name: String, in folder: FolderListing
  ) throws(Failure) {
    let path = folder.path(of: name)
    let manifest: FileManifest
    do throws(Failure) {
      let storage = try MappedFile.open(path)
      // Other tools call other things so.
      guard FileManifest.looksLikeManifest(storage) else { return }
      manifest = try FileManifest(storage)
    } catch {
      throw error.about(file: path)
    }
    let prefix = FileChoice.prefix(ofManifest: name)
    // A folder of one model may have its manifests by the name of the model, and its files without.
    let prefixes = files.contains { $0.prefix == prefix } ? [prefix] : [prefix, ""]
    for entry in manifest.entries {
      let index = files.firstIndex { file in
        prefixes.contains { file.prefix == $0 && file.name == $0 + entry.name }
      }
      guard let index else {
        throw Failure(
          .badInput, code: "manifest.missing",
          "the manifest names \(printable(entry.name)), which is not in the folder",
          hint: "download it into the folder of the manifest", file: path)
      }
      files[index].hash = entry.hash
    }
  }

  /// Keeps the files that begin with `prefix`, or those of the one model there is.
  ///
  /// - Throws: `folder.several`.
  mutating func keep(prefix: String?) throws(Failure) {
    let prefixes = Set(files.map(\.prefix))
    if let prefix, prefixes.contains(prefix) {
      files.removeAll { $0.prefix != prefix }
      return
    }
    guard prefixes.count <= 1 else {
      let names = prefixes.sorted().map {
        $0.isEmpty ? "files without a name" : printable(String($0.dropLast()))
      }
      throw Failure(
        .badInput, code: "folder.several",
        "the folder holds weights of \(prefixes.count) models: \(names.joined(separator: ", "))",
        hint: "pass the .manifest.json of one, or put each model into a folder of its own")
    }
  }
}
