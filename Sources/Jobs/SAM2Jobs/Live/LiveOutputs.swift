public import Annotations
import Bytes
import JobSupport
public import Media

/// The files about a live video that a caller requests, in addition to the lines.
public struct LiveOutputChoices: Sendable {
  /// A folder for masks; nil for none.
  public var folder: String?
  /// Formats that write at least one file per frame.
  public var kinds: [AnnotationKind]
  /// A named pipe with a reader, an .mp4 file, or a folder for JPEGs.
  public var overlay: String?
  public var overlayParts: Overlay.Parts
  /// Whether results of an earlier run in the folder are to be removed.
  public var replacesExisting: Bool

  public init(
    folder: String? = nil, kinds: [AnnotationKind] = [.davis], overlay: String? = nil,
    overlayParts: Overlay.Parts = .all, replacesExisting: Bool = false
  ) {
    (self.folder, self.kinds, self.overlay) = (folder, kinds, overlay)
    (self.overlayParts, self.replacesExisting) = (overlayParts, replacesExisting)
  }
}

/// Writes and draws the masks of a live video, each frame while the next is tracked.
final class LiveOutputs {
  private enum Target {
    case video(LiveVideoWriter)
    case folder(OutputFolder)
  }

  private let masks: AnnotationFolder?
  private let masksPath: String
  private let kinds: [AnnotationKind]
  private let parts: Overlay.Parts
  private let overlayPath: String
  private var target: Target?
  /// Results of an earlier run that remain to be removed.
  private var earlier: [String]
  /// The frame that is being written.
  private var writing: BackgroundWork<Outcome>?
  private(set) var notices: [Notice] = []

  /// The target while it is lent to the thread that writes a frame.
  ///
  /// Unchecked: nothing else uses it until the frame is written.
  private struct Loan: @unchecked Sendable {
    let target: Target?
  }

  /// The problems encountered with one frame.
  private struct Outcome: Sendable {
    let masks: Result<Void, Failure>
    let overlay: Result<Void, Failure>
  }

  /// Checks that everything can be created, and starts the encoder.
  /// - Throws: `output.*`; `live.format` for a format that describes all frames together;
  ///   `live.no_viewer`, `ffmpeg.missing`.
  init(_ choices: LiveOutputChoices, width: Int, height: Int) throws(Failure) {
    (kinds, parts) = (choices.kinds, choices.overlayParts)
    (masksPath, overlayPath) = (choices.folder ?? "", choices.overlay ?? "")
    if let path = choices.folder {
      earlier = try LiveOutputs.earlierResults(path, choices)
      masks = AnnotationFolder(path: path, kinds: kinds, context: AnnotationContext())
    } else {
      (masks, earlier) = (nil, [])
    }
    target = try choices.overlay.map { path throws(Failure) -> Target in
      let target = LiveVideoWriter.Target(path)
      if case .file = target, !path.lowercased().hasSuffix(".mp4") {
        return .folder(try OutputFolder(path))
      }
      return .video(try LiveVideoWriter(target, width: width, height: height))
    }
  }

  /// Removable results of an earlier run in the folder at `path`.
  private static func earlierResults(
    _ path: String, _ choices: LiveOutputChoices
  ) throws(Failure) -> [String] {
    for kind in choices.kinds where kind.describesAll {
      throw Failure(
        .usage, code: "live.format",
        "\(kind.rawValue) is one file about all frames, and a live video has no end",
        hint: "use davis, png or sav, or the lines on standard output")
    }
    let folder = try OutputFolder(path)
    guard let directory = try? OutputDirectory(path) else { return [] }
    let earlier = ResultFiles.list(in: directory)
    if let first = earlier.first, !choices.replacesExisting {
      throw Failure(
        .outputExists, code: "output.exists", "a result of an earlier run is there",
        hint: "--force removes such files, or choose another folder", file: folder.file(first))
    }
    return earlier
  }

  /// Removes results of an earlier run when this run writes its first.
  private func removeEarlier() throws(Failure) {
    guard !earlier.isEmpty else { return }
    let directory = try OutputDirectory(masksPath)
    for name in earlier { try directory.removeFile(at: name) }
    earlier = []
  }

  /// Whether objects must have numbers from 1 to 255.
  var needsSmallNumbers: Bool { masks != nil && kinds.contains(where: \.needsSmallNumbers) }

  // MARK: - Frames

  /// Starts writing a frame once the previous one is written.
  /// - Throws: `output.*` for the previous frame.
  func write(_ frame: LiveFrame, _ found: [AnnotatedMask]) throws(Failure) {
    guard masks != nil || target != nil else { return }
    try finishWriting()
    try removeEarlier()
    let name = fiveDigits(frame.number)
    let picture = AnnotatedPicture(
      name: "\(name).jpg", stem: name, index: frame.number, width: frame.picture.width,
      height: frame.picture.height, masks: found)
    let loan = Loan(target: target)
    let (masks, path, parts) = (masks, masksPath, parts)
    writing = BackgroundWork {
      Outcome(
        masks: Result { () throws(Failure) in
          guard let masks else { return }
          try AnnotationFolder.write(masks.files(of: picture), below: path)
        },
        overlay: Result { () throws(Failure) in
          guard let target = loan.target else { return }
          try LiveOutputs.draw(picture, over: frame.picture, parts, to: target)
        })
    }
  }

  private static func draw(
    _ picture: AnnotatedPicture, over frame: RGBImage, _ parts: Overlay.Parts, to target: Target
  ) throws(Failure) {
    let drawn = Overlay.draw(frame, masks: try picture.pixels(), parts: parts)
    switch target {
    case .video(let writer): try writer.append(drawn)
    case .folder(let folder):
      try folder.create().write("\(picture.stem).jpg", JPEGWriter.encode(drawn))
    }
  }

  private func finishWriting() throws(Failure) {
    guard let outcome = writing?.value() else { return }
    writing = nil
    try outcome.masks.get()
    if case .failure(let problem) = outcome.overlay { try giveUpOverlay(problem) }
  }

  /// A viewer that disconnects ends the overlay, but nothing else.
  private func giveUpOverlay(_ problem: Failure) throws(Failure) {
    guard problem.cause == .codecEnded else { throw problem }
    target = nil
    notices.append(
      Notice(
        .endedEarly, code: "live.overlay", "the overlay ended early: \(problem.message)",
        file: overlayPath, isIncomplete: true))
  }

  /// Writes anything that remains.
  /// - Throws: `output.*`.
  func finish() throws(Failure) {
    try finishWriting()
    guard case .video(let writer) = target else { return }
    target = nil
    do throws(Failure) {
      try writer.finish()
    } catch {
      try giveUpOverlay(error)
    }
  }
}
