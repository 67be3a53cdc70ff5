import Annotations
import Bytes
import JobSupport
import Media

/// An overlay in progress: frames and their masks arrive in order and become a movie, pictures in a
/// folder, and a contact sheet.
///
/// Not for use from several threads at once. If it is dropped before `finish`, no movie is left.
final class OverlayDrawing {
  private let overlay: VideoOverlay
  private let names: FrameNames
  private let marks: [Int: [Overlay.Prompt]]
  private let frameCount: Int
  private var sheet: ContactSheet
  private let movie: VideoWriter?
  private var folder: OutputDirectory?
  /// Number of frames drawn so far.
  private(set) var drawnCount = 0

  /// Starts the encoder, if there is one; `source` provides the size and rate of the frames.
  /// - Throws: `ffmpeg.missing`, `output.*`.
  init(
    _ overlay: VideoOverlay, of source: FrameSource, _ names: FrameNames, frameCount: Int,
    marks: [Int: [Overlay.Prompt]]
  ) throws(Failure) {
    (self.overlay, self.names, self.marks, self.frameCount) = (overlay, names, marks, frameCount)
    sheet = ContactSheet(frameCount: frameCount, width: source.width, height: source.height)
    switch overlay.target {
    case .movie(let path):
      movie = try VideoWriter(
        path: path, width: source.width, height: source.height,
        frameRate: source.frameRate ?? FrameRate(24), replaceExisting: true)
    case .folder, nil: movie = nil
    }
  }

  /// Draws frame `index` with `masks`, or without any if nil.
  func add(_ index: Int, _ picture: RGBImage, _ masks: AnnotatedPicture?) throws(Failure) {
    var found: [(identifier: Int, mask: BinaryMask)] = []
    if let masks { found = try masks.pixels() }
    let drawn = Overlay.draw(
      picture, masks: found, prompts: marks[index] ?? [], parts: overlay.parts)
    if case .folder(let output) = overlay.target {
      if folder == nil { folder = try output.create() }
      try folder?.write("\(names.stem(index)).jpg", JPEGWriter.encode(drawn))
    }
    try movie?.append(drawn)
    if overlay.contactSheet != nil { sheet.add(drawn, frame: index) }
    drawnCount += 1
  }

  /// Whether every frame of a video of `count` frames has been drawn.
  func isComplete(frameCount count: Int) -> Bool { drawnCount == count && frameCount == count }

  /// Completes the movie and the contact sheet.
  func finish() throws(Failure) {
    try movie?.finish()
    guard let path = overlay.contactSheet else { return }
    if path.lowercased().hasSuffix(".png") {
      try PNGWriter.write(sheet.image, to: path)
    } else {
      try JPEGWriter.write(sheet.image, to: path)
    }
  }
}
