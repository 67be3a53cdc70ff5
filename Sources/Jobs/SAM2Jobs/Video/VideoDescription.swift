import Annotations
import JobSupport
import Media
import SAM2

/// A video as annotation formats want to know it.
struct VideoDescription: Sendable {
  let facts: VideoFacts
  /// The names of the frames' files; empty for a video file.
  private let frameNames: [String]

  /// Frames a second of a folder, which does not say: the usual rate of the data sets.
  private static let folderFrameRate = 24.0

  /// Describes `source`, opened from `path`, of which `frameCount` frames are known.
  init(_ source: FrameSource, of path: String, frameCount: Int) {
    let rate = source.frameRate?.framesPerSecond ?? VideoDescription.folderFrameRate
    facts = VideoFacts(
      identifier: fileStem(path), frameCount: frameCount, width: source.width,
      height: source.height, duration: Double(frameCount) / rate)
    frameNames = source.framePaths.map { fileName($0) }
  }

  /// Masks of frame `frame`, in the order of their objects.
  func picture(_ frame: Int, _ masks: [AnnotatedMask]) -> AnnotatedPicture {
    let name =
      frameNames.indices.contains(frame) ? frameNames[frame] : "\(fiveDigits(frame)).jpg"
    return AnnotatedPicture(
      name: name, stem: fiveDigits(frame), index: frame, width: facts.width, height: facts.height,
      masks: masks)
  }
}

extension AnnotationContext {
  /// The same for frames of a video.
  func about(_ video: VideoFacts) -> AnnotationContext {
    var context = self
    context.video = video
    return context
  }
}

/// The objects that have a result on a frame; others have nothing to write.
typealias FoundObjects = [(object: FrameResult.Object, mask: BinaryMask)]

extension FrameResult {
  var found: FoundObjects {
    zip(objects, masks()).filter { $0.0.objectScore != nil }.map { ($0.0, $0.1.mask) }
  }
}

extension FoundObjects {
  /// Their masks in the order of their numbers.
  var annotated: [AnnotatedMask] {
    sorted { $0.object.id < $1.object.id }.map {
      AnnotatedMask(object: $0.object.id, score: nil, mask: $0.mask)
    }
  }
}
