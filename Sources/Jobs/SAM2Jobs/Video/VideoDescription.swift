public import Annotations
public import Bytes
import JobSupport
public import Media
import SAM2

/// A video, as described in annotation formats.
public struct VideoDescription: Sendable {
  public let facts: VideoFacts
  let names: FrameNames

  /// The frame rate assumed for a folder, whose actual rate is unknown: usual in the data sets.
  private static let folderFrameRate = 24.0

  /// Describes `source`, opened from `path`, which is known to have `frameCount` frames.
  /// - Throws: as `FrameNames`.
  public init(
    _ source: FrameSource, of path: String, frameCount: Int
  ) throws(Failure) {
    let rate = source.frameRate?.framesPerSecond ?? VideoDescription.folderFrameRate
    facts = VideoFacts(
      identifier: fileStem(realName(path)), frameCount: frameCount, width: source.width,
      height: source.height, duration: Double(frameCount) / rate)
    names = try FrameNames(source)
  }

  /// The masks of frame `frame`, in object order.
  public func picture(_ frame: Int, _ masks: [AnnotatedMask]) -> AnnotatedPicture {
    AnnotatedPicture(
      name: names.file(frame), stem: names.stem(frame), index: frame, width: facts.width,
      height: facts.height, masks: masks)
  }

  /// A copy with the actual number of frames, `count`.
  public func with(frameCount count: Int) -> VideoDescription {
    VideoDescription(
      facts: VideoFacts(
        identifier: facts.identifier, frameCount: count, width: facts.width, height: facts.height,
        duration: facts.duration / Double(max(facts.frameCount, 1)) * Double(count)),
      names: names)
  }

  private init(facts: VideoFacts, names: FrameNames) { (self.facts, self.names) = (facts, names) }
}

extension AnnotationContext {
  /// A copy for frames of a video.
  public func about(_ video: VideoFacts) -> AnnotationContext {
    var context = self
    context.video = video
    return context
  }
}

/// The objects with a result on a frame; nothing is written for others.
typealias FoundObjects = [(object: FrameResult.Object, mask: BinaryMask)]

extension FrameResult {
  var found: FoundObjects {
    zip(objects, masks()).filter { $0.0.objectScore != nil }.map { ($0.0, $0.1.mask) }
  }
}

extension FoundObjects {
  /// Their masks in order of object number, named by `labels`.
  func annotated(_ labels: FoundLabels = FoundLabels()) -> [AnnotatedMask] {
    sorted { $0.object.id < $1.object.id }.map { labels.annotated($0.object.id, $0.mask) }
  }
}
