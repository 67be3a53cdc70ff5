public import Bytes
public import Detector
public import Media
import SAM2

/// Finds the objects of a video by words.
///
/// It searches until the first frame with any, and again at regular intervals for new ones. A box
/// found again belongs to a tracked object when the box around that object's mask overlaps it by
/// more than half. Not for use from several threads at once.
public final class WordTracking {
  private let detector: Detector
  private let queries: DetectorQueries
  private let options: DetectionOptions
  /// Frames from one look to the next; nil for one look that finds something.
  private let interval: Int?
  private var frames: FrameSource
  private let frameCount: Int
  /// Largest number of an object.
  private let objectLimit: Int
  /// The frame where anything was found first; before it there is nothing.
  private(set) var firstFrame = 0
  private var nextObject = 1
  let labels = FoundLabels()
  private(set) var notices: [Notice] = []

  /// Boxes that overlap by more are about the same object.
  private static let sameObject: Float = 0.5

  /// `frames` are those of the video, opened for this alone.
  public init(
    _ detector: Detector, queries: DetectorQueries, options: DetectionOptions, every interval: Int?,
    frames: FrameSource, frameCount: Int, objectLimit: Int = 999_999
  ) {
    (self.detector, self.queries, self.options) = (detector, queries, options)
    (self.interval, self.frames, self.frameCount) = (interval, frames, frameCount)
    self.objectLimit = objectLimit
  }

  /// A plan for what is on the first frame where anything is found; without actions when nothing is.
  ///
  /// `progress` hears how many frames were looked at.
  public func firstPlan(
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) -> TrackPlan {
    for frame in 0..<frameCount {
      progress(frame, frameCount)
      let found = try detections(on: frame)
      if !found.isEmpty {
        firstFrame = frame
        return TrackPlan(script: InteractionScript(actions(for: found, on: frame)), masks: [:])
      }
    }
    return TrackPlan(script: InteractionScript([]), masks: [:])
  }

  /// The actions after tracking has reached the frame of `last`; none at the end.
  func actions(after last: FrameResult?) throws(Failure) -> [InteractionScript.Action] {
    guard let interval, let last, last.frame + 1 < frameCount else { return [] }
    let tracks = last.masks().compactMap { $0.mask.boundingBox.map(Detection.Box.init) }
    let found = try detections(on: last.frame).filter { found in
      !tracks.contains { $0.overlap(found.box) > Self.sameObject }
    }
    let new = Array(found.prefix(objectLimit + 1 - nextObject))
    if new.count < found.count {
      notices.merge(
        Notice(
          .leftOut, code: "detect.objects",
          "objects beyond number \(objectLimit), the last that the format can hold, are left out",
          hint: "write another format, such as --format coco"))
    }
    guard new.isEmpty else { return actions(for: new, on: last.frame) }
    return [.propagate(start: last.frame + 1, maxFrames: interval - 1, isReverse: false)]
  }

  private func detections(on frame: Int) throws(Failure) -> [Detection] {
    let boxes = try detector.look(at: try frames.frame(at: frame))
    let (found, leftOut) = try detector.detections(queries, in: boxes, options: options)
    if leftOut > 0 { notices.merge(.detectionLimit(leftOut, kept: found.count)) }
    return found
  }

  private func actions(for found: [Detection], on frame: Int) -> [InteractionScript.Action] {
    var actions: [InteractionScript.Action] = []
    for detection in found {
      let box = detection.box
      actions.append(
        .addPoints(
          frame: frame, object: nextObject, points: [],
          box: Prompt.Box(x0: box.x0, y0: box.y0, x1: box.x1, y1: box.y1), clearOldPoints: true))
      labels.add(
        nextObject, detection, label: queries.labels[detection.query], frame: frame)
      nextObject += 1
    }
    actions.append(.propagate(start: frame, maxFrames: interval, isReverse: false))
    return actions
  }
}

extension Detection.Box {
  /// The edges of the pixels of a box.
  init(_ box: PixelBox) {
    self.init(
      x0: Float(box.left), y0: Float(box.top), x1: Float(box.right + 1), y1: Float(box.bottom + 1))
  }
}
