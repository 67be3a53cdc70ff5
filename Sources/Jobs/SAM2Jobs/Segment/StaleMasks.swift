import Annotations
import Bytes
import JobSupport

/// Masks and overlays that an earlier run wrote about this run's pictures, and that this run does
/// not write again: from additional prompts, or from a different choice of files.
struct StaleMasks {
  /// By picture name: folder and file.
  private var files: [String: [(folder: OutputFolder, name: String, isOverlay: Bool)]] = [:]

  init() {}

  /// Looks in `folder` for files about pictures with the names `stems`, excluding those in
  /// `planned` or `kept`, which are full paths.
  init(_ folder: OutputFolder, stems: Set<String>, planned: Set<String>, kept: [String]) {
    for place in [folder.path, folder.file(AnnotationKind.png.rawValue)] {
      guard let place = try? OutputFolder(place), let directory = try? OutputDirectory(place.path)
      else { continue }
      for name in directory.names where name.hasSuffix(".png") {
        guard let (stem, isOverlay) = StaleMasks.picture(of: fileStem(name), among: stems) else {
          continue
        }
        let path = place.file(name)
        guard !planned.contains(path), !kept.contains(where: { isSameFile($0, path) }) else {
          continue
        }
        // Without a first mask, it is the only mask of a picture with that name.
        let isFirstThere = directory.entry("\(stem)_0_0.png") == .file
        guard isOverlay || stem == fileStem(name) || isFirstThere else { continue }
        files[stem, default: []].append((place, name, isOverlay))
      }
    }
  }

  /// The picture that a file named NAME, NAME_PROMPT_MASK or NAME_overlay is about.
  private static func picture(
    of name: String, among stems: Set<String>
  ) -> (stem: String, isOverlay: Bool)? {
    if stems.contains(name) { return (name, false) }
    if name.hasSuffix("_overlay") {
      let stem = String(name.dropLast("_overlay".count))
      return stems.contains(stem) ? (stem, true) : nil
    }
    let parts = name.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count > 2, parts.suffix(2).allSatisfy({ Int($0) != nil }) else { return nil }
    let stem = parts.dropLast(2).joined(separator: "_")
    return stems.contains(stem) ? (stem, false) : nil
  }

  /// Removes files about the picture `stem` of `width` x `height` if they have its size and the
  /// form of masks and overlays, except those at the paths `written`.
  func remove(
    of stem: String, width: Int, height: Int, except written: [String]
  ) throws(Failure) {
    for file in files[stem] ?? [] where !written.contains(file.folder.file(file.name)) {
      let directory = try OutputDirectory(file.folder.path)
      let isOurs = ResultFiles.isPicture(
        file.name, in: directory, colour: file.isOverlay ? 2 : 0, size: (width, height))
      if isOurs { directory.removeFile(file.name) }
    }
  }
}
