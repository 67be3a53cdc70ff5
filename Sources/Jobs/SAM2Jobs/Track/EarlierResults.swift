import Annotations
import Bytes
import JobSupport
import Media

/// Results of an earlier run in this run's folders.
///
/// They are removed before this run writes its first result, so that no mixture is left even if the
/// run stops partway. Files that only resemble results, and that this run would not write, may be
/// somebody's work: they cause a refusal, unless their removal is requested. Files that no run
/// could have written are never touched.
struct EarlierResults: Sendable {
  private let folder: OutputFolder
  private let logitsFolder: OutputFolder?
  /// Paths below the output folder, and paths below the logits folder.
  private let results: [String]
  private let logits: [String]
  private let isOurs: @Sendable (String) -> Bool
  private let isOurLogits: @Sendable (String) -> Bool

  /// `kept` lists files that a person supplied, or that are written elsewhere.
  init(
    folder: OutputFolder, logitsFolder: OutputFolder?, kinds: [AnnotationKind], plan: TrackPlan,
    names: FrameNames, frameCount: Int?, kept: [String]
  ) throws(Failure) {
    (self.folder, self.logitsFolder) = (folder, logitsFolder)
    let objects = plan.hasSearches ? nil : plan.objects
    let count = frameCount ?? .max
    isOurs = { path in
      EarlierResults.isPlanned(path, kinds, objects) { names.contains($0, of: count) }
    }
    isOurLogits = { name in
      EarlierResults.isPlannedLogits(name, objects) { names.containsLogits($0, of: count) }
    }
    func all(_ folder: OutputFolder?, _ list: (OutputDirectory) -> [String]) -> [String] {
      guard let folder, let directory = try? OutputDirectory(folder.path) else { return [] }
      return list(directory).filter { path in
        !kept.contains { isSameFile($0, folder.file(path)) }
      }
    }
    results = all(folder) { ResultFiles.list(in: $0) }
    logits = all(logitsFolder) { $0.names.filter { ResultFiles.isLogits($0) }.sorted() }
  }

  /// Earlier results that this run does not write again.
  private var others: [String] { results.filter { !isOurs($0) } }

  /// Notices about removed files that this run does not write again.
  var notices: [Notice] {
    let names = others + logits.filter { !isOurLogits($0) }
    guard !names.isEmpty else { return [] }
    return [
      Notice(
        .leftOut, code: "output.removed",
        "\(names.count) file\(names.count == 1 ? "" : "s") of an earlier run "
          + "\(names.count == 1 ? "is" : "are") removed: \(PictureFolder.list(names))",
        file: folder.path)
    ]
  }

  /// Checks that every file resembling a result will be written again by this run, or certainly
  /// comes from an earlier one.
  /// - Throws: `output.exists`.
  func checkNothingForeign() throws(Failure) {
    guard let directory = try? OutputDirectory(folder.path) else { return }
    let others = others.filter { !ResultFiles.isCertain($0, in: directory) }
      .map { folder.file($0) }
    guard let first = others.first else { return }
    throw EarlierResults.failure(
      first, others.count, hint: "--force removes them, or choose another folder")
  }

  /// Removes all of them.
  /// - Throws: `output.*`.
  func remove() throws(Failure) {
    for (folder, names) in [(folder, results), (logitsFolder ?? folder, logits)]
    where !names.isEmpty {
      let directory = try OutputDirectory(folder.path)
      for name in names { try directory.removeFile(at: name) }
    }
  }

  /// Checks that a folder of overlays contains only pictures of this video's frames.
  /// - Throws: `output.exists`.
  static func checkOverlays(
    _ folder: OutputFolder, _ names: FrameNames, count: Int?
  ) throws(Failure) {
    guard let directory = try? OutputDirectory(folder.path) else { return }
    let others = directory.names.filter { name in
      name.hasSuffix(".jpg") && !names.contains(fileStem(name), of: count ?? .max)
    }.sorted()
    guard let first = others.first else { return }
    // They could be anyone's pictures.
    throw failure(folder.file(first), others.count, hint: "remove them, or choose another folder")
  }

  private static func failure(_ file: String, _ count: Int, hint: String) -> Failure {
    let more = count > 1 ? " (and \(count - 1) more)" : ""
    return Failure(
      .outputExists, code: "output.exists",
      "this file\(more) would be taken for a result of this run", hint: hint, file: file)
  }

  // MARK: - Results of this run

  private static func isPlanned(
    _ path: String, _ kinds: [AnnotationKind], _ objects: Set<Int>?, _ isFrame: (String) -> Bool
  ) -> Bool {
    var parts = path.split(separator: "/").map(String.init)
    if kinds.count > 1 {
      guard let kind = AnnotationKind(rawValue: parts.removeFirst()), kinds.contains(kind) else {
        return false
      }
      return isPlanned(parts, kind, objects, isFrame)
    }
    return kinds.contains { isPlanned(parts, $0, objects, isFrame) }
  }

  /// Whether a file of `kind` is about a frame of the video and an object of the plan.
  private static func isPlanned(
    _ parts: [String], _ kind: AnnotationKind, _ objects: Set<Int>?, _ isFrame: (String) -> Bool
  ) -> Bool {
    guard let name = parts.last else { return false }
    switch kind {
    case .davis: return parts.count == 1 && name.hasSuffix(".png") && isFrame(fileStem(name))
    case .png, .sav:
      return parts.count == 2 && name.hasSuffix(".png") && isFrame(fileStem(name))
        && isPlanned(Int(parts[0]), objects)
    case .yolo where parts.count == 2: return parts[0] == "labels" && isFrame(fileStem(name))
    case .savJSON, .coco, .cocoPolygons, .yolo, .labelStudio, .cvat:
      return parts.count == 1 && ResultFiles.isAboutAll(name, kind)
    }
  }

  private static func isPlannedLogits(
    _ name: String, _ objects: Set<Int>?, _ isFrame: (String) -> Bool
  ) -> Bool {
    guard let mark = name.lastIndex(of: "_") else { return false }
    let object = Int(fileStem(String(name[name.index(after: mark)...])))
    return isFrame(String(name[..<mark])) && isPlanned(object, objects)
  }

  /// Whether a number belongs to an object; `objects` is nil if words find them.
  private static func isPlanned(_ object: Int?, _ objects: Set<Int>?) -> Bool {
    guard let object else { return false }
    return objects?.contains(object) ?? (object > 0)
  }
}
