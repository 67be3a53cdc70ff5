public import Annotations
public import Bytes
import JobSupport
public import Media
import SAM2

/// The files that a caller wants of a tracked video.
public struct TrackOutputChoices {
  public var kinds: [AnnotationKind]
  public var logitsFolder: String?
  /// An .mp4 file, or a folder for JPEGs.
  public var overlay: String?
  public var contactSheet: String?
  public var overlayParts: Overlay.Parts

  public init(
    kinds: [AnnotationKind] = [.davis], logitsFolder: String? = nil, overlay: String? = nil,
    contactSheet: String? = nil, overlayParts: Overlay.Parts = .all
  ) {
    self.kinds = kinds
    self.logitsFolder = logitsFolder
    self.overlay = overlay
    self.contactSheet = contactSheet
    self.overlayParts = overlayParts
  }
}

/// Writes the results of tracking: masks, logits, overlays.
public struct TrackOutputs: Sendable {
  public let kinds: [AnnotationKind]
  private let folder: OutputFolder
  private let logitsFolder: OutputFolder?
  let overlay: VideoOverlay

  /// Checks that everything can be created, and that nothing replaces the input.
  /// - Throws: `output.*`, `output.is_input`, `output.same_name`.
  public init(video: String, folder: String, choices: TrackOutputChoices) throws(Failure) {
    kinds = choices.kinds
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

  // MARK: - Masks

  /// The formats, put where they belong.
  func annotations(_ context: AnnotationContext) -> AnnotationFolder {
    AnnotationFolder(path: folder.path, kinds: kinds, context: context)
  }

  /// Whether anything about the whole video is made in the end, from the masks of all frames.
  public var needsAllMasks: Bool { drawsOverlay || kinds.contains(where: \.describesAll) }

  /// The palette PNG of a frame; nil when none is wanted.
  func paletteFile(_ frame: Int) -> String? {
    guard kinds.contains(.davis) else { return nil }
    return AnnotationFolder.path(
      "\(fiveDigits(frame)).png", in: folder.path, .davis, of: kinds.count)
  }

  /// Writes the files about one frame, and the logits of `objects` if wanted.
  func write(
    _ files: [AnnotationFile], of frame: Int, objects: [FrameResult.Object]
  ) throws(Failure) {
    try folder.create()
    try AnnotationFolder.write(files, below: folder.path)
    guard let logitsFolder else { return }
    let logits = objects.map { object in
      AnnotationFile(
        name: logitsFolder.file("\(fiveDigits(frame))_\(object.id).npy"),
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
