import Bytes
import CLISupport
import Media
import SAM2

/// Writes the results of tracking: palette PNGs, logits, overlays.
struct TrackOutputs {
  private let folder: OutputFolder
  private let logitsFolder: OutputFolder?
  private let overlay: OverlayTarget?

  /// Where overlays go.
  private enum OverlayTarget {
    case movie(String)
    case folder(OutputFolder)
  }

  /// Checks that everything can be created, and that nothing replaces the input.
  /// - Throws: `output.*`, `output.is_input`.
  init(
    video: String, folder: String, logitsFolder: String?, overlay: String?
  ) throws(Failure) {
    self.folder = try OutputFolder(folder)
    self.logitsFolder = try logitsFolder.map { path throws(Failure) in try OutputFolder(path) }
    self.overlay = try overlay.map { path throws(Failure) in
      guard path.lowercased().hasSuffix(".mp4") else { return .folder(try OutputFolder(path)) }
      guard !isSameFile(path, video) else { throw TrackOutputs.replacesInput(path) }
      try AtomicFile.checkCanCreate(path: path, replaceExisting: true)
      return .movie(path)
    }
    var folders = [self.folder]
    if case .folder(let folder) = self.overlay { folders.append(folder) }
    for folder in folders where folder.isSame(as: video) {
      throw TrackOutputs.replacesInput(folder.path)
    }
    if case .folder(let target) = self.overlay, target.path == folder || target.isSame(as: folder) {
      throw Failure(
        .usage, code: "output.same_name", "masks and overlays would share a folder",
        hint: "give --overlay another folder, or an .mp4 file", file: target.path)
    }
  }

  private static func replacesInput(_ path: String) -> Failure {
    Failure(
      .usage, code: "output.is_input", "the results would replace the frames of the video",
      hint: "choose another place", file: path)
  }

  // MARK: - Masks

  private func maskFile(_ frame: Int) -> String { folder.file("\(fiveDigits(frame)).png") }

  /// Writes the masks of one frame, and the logits if wanted.
  /// - Returns: the file of the masks.
  func write(
    _ result: FrameResult, masks: [(object: FrameResult.Object, mask: BinaryMask)]
  ) throws(Failure) -> String {
    try folder.create()
    let labels = try LabelMap(
      width: result.width, height: result.height, masks: masks.map { ($0.object.id, $0.mask) })
    let path = maskFile(result.frame)
    try PNGWriter.write(labels, to: path)
    if let logitsFolder {
      try logitsFolder.create()
      for (object, _) in masks {
        try PictureFile.write(
          NPYWriter.bytes(object.lowResolutionLogits),
          to: logitsFolder.file("\(fiveDigits(result.frame))_\(object.id).npy"))
      }
    }
    return path
  }

  // MARK: - Overlays

  /// Draws the masks of the frames in `written`, and `marks`, over all frames.
  func drawOverlay(
    of video: String, frameCount: Int, written: Set<Int>, marks: [Int: [Overlay.Prompt]],
    progress: (Int, Int) -> Void
  ) throws(Failure) {
    guard let overlay else { return }
    var source = try FrameSource(path: video)
    var movie: VideoWriter?
    switch overlay {
    case .folder(let folder): try folder.create()
    case .movie(let path):
      movie = try VideoWriter(
        path: path, width: source.width, height: source.height,
        frameRate: source.frameRate ?? FrameRate(24), replaceExisting: true)
    }
    var index = 0
    while index < frameCount, let picture = try source.next() {
      let labels = written.contains(index) ? try LabelMap.read(maskFile(index)) : nil
      let drawn = Overlay.draw(
        picture, masks: labels?.masks ?? [], prompts: marks[index] ?? [])
      switch overlay {
      case .folder(let folder):
        try JPEGWriter.write(drawn, to: folder.file("\(fiveDigits(index)).jpg"))
      case .movie: try movie?.append(drawn)
      }
      index += 1
      progress(index, frameCount)
    }
    try movie?.finish()
  }
}

extension LabelMap {
  /// The mask of each object present.
  fileprivate var masks: [(identifier: Int, mask: BinaryMask)] {
    identifiers.map { ($0, mask(of: $0)) }
  }
}
