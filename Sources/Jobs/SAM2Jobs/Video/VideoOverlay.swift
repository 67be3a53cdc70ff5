public import Annotations
import Bytes
import JobSupport
public import Media

/// Masks drawn over the frames of a video: a movie or a folder of pictures, and a contact sheet.
public struct VideoOverlay: Sendable {
  enum Target: Sendable {
    /// An .mp4 file.
    case movie(String)
    /// JPEGs named after the frames.
    case folder(OutputFolder)
  }

  var target: Target?
  /// A .png or .jpg file.
  var contactSheet: String?
  var parts = Overlay.Parts.all

  /// Whether there is nothing to draw.
  var isEmpty: Bool { target == nil && contactSheet == nil }

  /// The files and folders that `draw` creates.
  var files: [String] {
    let path: String? =
      switch target {
      case .movie(let path): path
      case .folder(let folder): folder.path
      case nil: nil
      }
    return [path, contactSheet].compactMap(\.self)
  }

  /// Draws `masks`, keyed by frame, over all frames of `source` into the .mp4 file at `path`; an
  /// error thrown by `progress` ends the work and leaves no file.
  public static func drawMovie(
    _ path: String, of source: FrameSource, frameCount: Int, masks: [Int: AnnotatedPicture],
    progress: (Int, Int) throws -> Void
  ) throws {
    try VideoOverlay(target: .movie(path)).draw(
      on: source, FrameNames(source), frameCount: frameCount, masks: masks, marks: [:],
      progress: progress)
  }

  /// Draws `masks`, keyed by frame, and `marks` over all frames; an error from `progress` ends the
  /// work.
  func draw(
    on frames: FrameSource, _ names: FrameNames, frameCount: Int, masks: [Int: AnnotatedPicture],
    marks: [Int: [Overlay.Prompt]], progress: (Int, Int) throws -> Void
  ) throws {
    var source = frames
    let drawing = try OverlayDrawing(self, of: source, names, frameCount: frameCount, marks: marks)
    while let (index, picture) = try source.nextWithIndex(), index < frameCount {
      try drawing.add(index, picture, masks[index])
      try progress(index + 1, frameCount)
    }
    try drawing.finish()
  }
}

extension AnnotatedPicture {
  /// The mask of each object.
  func pixels() throws(Failure) -> [(identifier: Int, mask: BinaryMask)] {
    var all: [(identifier: Int, mask: BinaryMask)] = []
    for mask in masks where !mask.isEmpty { all.append((mask.object, try mask.pixels())) }
    return all
  }
}
