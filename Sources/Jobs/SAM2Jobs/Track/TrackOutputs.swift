public import Annotations
public import Bytes
import JobSupport
public import Media
import SAM2

/// The files requested for a tracked video.
public struct TrackOutputChoices {
  public var kinds: [AnnotationKind]
  public var logitsFolder: String?
  /// An .mp4 file, or a folder for JPEGs.
  public var overlay: String?
  public var contactSheet: String?
  public var overlayParts: Overlay.Parts
  /// Whether to remove results of an earlier run that this run would not overwrite.
  public var replacesExisting: Bool
  /// Whether all frames' masks are kept for the caller, as `TrackJob.pictures`.
  public var keepsMasks = false

  public init(
    kinds: [AnnotationKind] = [.davis], logitsFolder: String? = nil, overlay: String? = nil,
    contactSheet: String? = nil, overlayParts: Overlay.Parts = .all, replacesExisting: Bool = false
  ) {
    self.kinds = kinds
    self.logitsFolder = logitsFolder
    self.overlay = overlay
    self.contactSheet = contactSheet
    self.overlayParts = overlayParts
    self.replacesExisting = replacesExisting
  }
}

/// Writes the results of tracking: masks, logits, overlays.
public struct TrackOutputs: Sendable {
  public let kinds: [AnnotationKind]
  private let folder: OutputFolder
  private let logitsFolder: OutputFolder?
  private let replacesExisting: Bool
  private let keepsMasks: Bool
  let overlay: VideoOverlay

  /// Checks that everything can be created, and that nothing replaces the input.
  /// - Throws: `output.*`, `output.is_input`, `output.same_name`.
  public init(video: String, folder: String, choices: TrackOutputChoices) throws(Failure) {
    kinds = choices.kinds
    (replacesExisting, keepsMasks) = (choices.replacesExisting, choices.keepsMasks)
    self.folder = try OutputFolder(folder)
    logitsFolder = try choices.logitsFolder.map { path throws(Failure) in try OutputFolder(path) }
    let target = try choices.overlay.map { path throws(Failure) -> VideoOverlay.Target in
      guard path.lowercased().hasSuffix(".mp4") else { return .folder(try OutputFolder(path)) }
      try TrackOutputs.check(file: path, video: video)
      return .movie(path)
    }
    overlay = VideoOverlay(
      target: target, contactSheet: choices.contactSheet, parts: choices.overlayParts)
    if let sheet = choices.contactSheet { try TrackOutputs.check(file: sheet, video: video) }
    var folders = [self.folder]
    if case .folder(let folder) = target { folders.append(folder) }
    for folder in folders where folder.isSame(as: video) {
      throw TrackOutputs.replacesInput(folder.path)
    }
    if case .folder(let target) = target, target.path == folder || target.isSame(as: folder) {
      throw Failure(
        .usage, code: "output.same_name", "masks and overlays would share a folder",
        hint: "give --overlay another folder, or an .mp4 file", file: target.path)
    }
  }

  private static func check(file path: String, video: String) throws(Failure) {
    guard !isSameFile(path, video) else { throw replacesInput(path) }
    try AtomicFile.checkCanCreate(path: path, replaceExisting: true)
  }

  private static func replacesInput(_ path: String) -> Failure {
    Failure(
      .usage, code: "output.is_input", "the results would replace the frames of the video",
      hint: "choose another place", file: path)
  }

  // MARK: - Earlier results

  /// Checks that the folders hold nothing that could be mistaken for results of `plan` on `source`
  /// without certainly coming from an earlier run, unless it may be removed.
  /// - Throws: `output.exists`; as `FrameNames`.
  public func checkEarlier(_ plan: TrackPlan, on source: FrameSource) throws(Failure) {
    let earlier = try earlierResults(plan, on: source)
    if !replacesExisting { try earlier.checkNothingForeign() }
    guard case .folder(let drawings) = overlay.target else { return }
    try EarlierResults.checkOverlays(drawings, FrameNames(source), count: source.frameCount)
  }

  /// The results of an earlier run, to be removed before this run writes its first.
  func earlierResults(
    _ plan: TrackPlan, on source: FrameSource
  ) throws(Failure) -> EarlierResults {
    try EarlierResults(
      folder: folder, logitsFolder: logitsFolder, kinds: kinds, plan: plan,
      names: FrameNames(source),
      frameCount: source.frameCount, kept: plan.maskPaths + overlay.files)
  }

  // MARK: - Masks

  /// The formats, each placed in its folder.
  func annotations(_ context: AnnotationContext) -> AnnotationFolder {
    AnnotationFolder(path: folder.path, kinds: kinds, context: context)
  }

  /// Whether all frames' masks are kept, for a file about the whole video or for the caller.
  public var needsAllMasks: Bool {
    drawsOverlay || keepsMasks || kinds.contains(where: \.describesAll)
  }

  /// The palette PNG of the frame named `name`, or nil if none is requested.
  func paletteFile(_ name: String) -> String? {
    guard kinds.contains(.davis) else { return nil }
    return AnnotationFolder.path("\(name).png", in: folder.path, .davis, of: kinds.count)
  }

  /// Writes the files about one frame, and the logits of `objects` under `name` if requested.
  func write(
    _ files: [AnnotationFile], logitsName name: String, objects: [FrameResult.Object]
  ) throws(Failure) {
    try folder.create()
    try AnnotationFolder.write(files, below: folder.path)
    guard let logitsFolder else { return }
    let logits = objects.map { object in
      AnnotationFile(
        name: logitsFolder.file("\(name)_\(object.id).npy"),
        bytes: NPYWriter.bytes(object.lowResolutionLogits))
    }
    try AnnotationFolder.write(logits, below: logitsFolder.path)
  }

  // MARK: - Overlays

  /// Whether there is anything to draw.
  public var drawsOverlay: Bool { !overlay.isEmpty }

  /// The files and folders of overlays.
  public var overlayFiles: [String] { overlay.files }
}
