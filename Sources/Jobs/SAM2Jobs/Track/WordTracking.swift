public import Bytes
public import Detector
public import Media
import SAM2

/// Performs the searches of a script: finds objects by words, and converts them to box prompts.
///
/// An object is new unless its box overlaps the box around a track's mask by more than half. Not
/// for use from several threads at once.
public final class WordTracking {
  private let detector: Detector
  private let options: DetectionOptions
  private var frames: FrameSource
  /// The highest permitted object number.
  private let objectLimit: Int
  private let toleratesDamage: Bool
  private var nextObject: Int
  /// The frame last searched after tracking; searching it a second time ends the search.
  private var lastLook: Int?
  let labels: FoundLabels
  /// Number of frames before the first on which anything was found; collected by the driver.
  private var emptyFrameCount = 0
  private(set) var notices: [Notice] = []
  /// Called during the search for the first frame, with the number of frames done and the total;
  /// the two are equal at the end.
  public var progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }

  /// Boxes that overlap by more than this belong to the same object.
  private static let sameObject: Float = 0.5

  /// Prepares the searches of `plan`; `options` apply to searches that specify none.
  ///
  /// `frames` are the video's frames, opened for this purpose alone.
  /// - Throws: anything thrown by `Detector.queries` and `DetectionOptions.validate`.
  public init(
    _ detector: Detector, plan: TrackPlan, options: DetectionOptions, frames: FrameSource,
    toleratesDamage: Bool, objectLimit: Int = 999_999
  ) throws(Failure) {
    (self.detector, self.options, self.frames) = (detector, options, frames)
    (self.objectLimit, self.toleratesDamage) = (objectLimit, toleratesDamage)
    nextObject = max(0, plan.objects.max() ?? 0) + 1
    labels = FoundLabels(categories: plan.categories(unnamed: ""))
    // Refuse invalid texts and options before any work.
    for search in plan.script.searches {
      _ = try detector.queries(for: search.texts)
      try search.options(options).validate()
    }
  }

  // MARK: - Searching

  /// The actions that replace a search: annotations of what is found and, if the search also
  /// tracks, tracking up to the next search.
  func actions(
    for search: InteractionScript.Search, on predictor: VideoPredictor, reachedFrame: Int?
  ) throws(Failure) -> [InteractionScript.Action] {
    guard let frame = search.frame ?? reachedFrame else { return try firstLook(search, predictor) }
    if search.frame == nil, search.interval != nil {
      guard frame + 1 < predictor.frameCount, frame != lastLook else { return [] }
      lastLook = frame
    }
    let new = try annotations(
      for: newObjects(search, predictor, on: frame), search, on: frame)
    guard let interval = search.interval else { return new }
    var next = search
    guard !new.isEmpty || !predictor.objectIDs.isEmpty else {
      next.frame = frame + interval
      return frame + interval < predictor.frameCount ? [.detect(next)] : []
    }
    next.frame = nil
    // A frame that was already reached needs no second pass unless something new is found on it.
    let isDone = new.isEmpty && frame == reachedFrame
    let tracking = InteractionScript.Action.propagate(
      start: isDone ? frame + 1 : frame, maxFrames: isDone ? interval - 1 : interval,
      isReverse: false)
    return new + [tracking, .detect(next)]
  }

  /// Searches frame after frame until anything is found.
  private func firstLook(
    _ search: InteractionScript.Search, _ predictor: VideoPredictor
  ) throws(Failure) -> [InteractionScript.Action] {
    defer { progress(predictor.frameCount, predictor.frameCount) }
    var frame = 0
    while frame < predictor.frameCount {
      progress(frame, predictor.frameCount)
      let found: [Detection]
      do throws(Failure) {
        found = try newObjects(search, predictor, on: frame)
      } catch {
        // The video may end before its header's frame count.
        guard frame > 0, error.cause == .endOfFrames else { throw error }
        break
      }
      let new = annotations(for: found, search, on: frame)
      if !new.isEmpty {
        emptyFrameCount = frame
        guard let interval = search.interval else { return new }
        return new + [
          .propagate(start: frame, maxFrames: interval, isReverse: false), .detect(search),
        ]
      }
      frame += 1
    }
    emptyFrameCount = frame
    return []
  }

  /// Detections on a frame that do not overlap any track.
  private func newObjects(
    _ search: InteractionScript.Search, _ predictor: VideoPredictor, on frame: Int
  ) throws(Failure) -> [Detection] {
    let found = try detections(search, on: frame)
    guard !found.isEmpty, !predictor.objectIDs.isEmpty else { return found }
    let tracks = try predictor.latestResult(on: frame).masks().compactMap {
      $0.mask.boundingBox.map(Detection.Box.init)
    }
    return found.filter { found in
      !tracks.contains { $0.overlap(found.box) > Self.sameObject }
    }
  }

  private func detections(
    _ search: InteractionScript.Search, on frame: Int
  ) throws(Failure) -> [Detection] {
    let picture: RGBImage
    do throws(Failure) {
      picture = try frames.frame(at: frame)
    } catch {
      guard toleratesDamage, error.kind == .badInput else { throw error }
      notices.merge(
        Notice(
          .leftOut, code: "detect.frame",
          "frame \(frame) cannot be decoded, and nothing was looked for on it"))
      return []
    }
    let (found, leftOut) = try detector.detections(
      try detector.queries(for: search.texts), in: try detector.look(at: picture),
      options: search.options(options))
    if leftOut > 0 { notices.merge(.detectionLimit(leftOut, kept: found.count)) }
    return found
  }

  /// A box prompt for each object, with a new number.
  private func annotations(
    for found: [Detection], _ search: InteractionScript.Search, on frame: Int
  ) -> [InteractionScript.Action] {
    let new = found.prefix(max(0, objectLimit + 1 - nextObject))
    if new.count < found.count {
      notices.merge(
        Notice(
          .leftOut, code: "detect.objects",
          "objects beyond number \(objectLimit), the last that the format can hold, are left out",
          hint: "write another format, such as --format coco"))
    }
    return new.map { detection in
      let (box, object) = (detection.box, nextObject)
      labels.add(object, detection, label: search.texts[detection.query], frame: frame)
      nextObject += 1
      return .addPoints(
        frame: frame, object: object, points: [],
        box: Prompt.Box(x0: box.x0, y0: box.y0, x1: box.x1, y1: box.y1), clearOldPoints: true)
    }
  }

  /// Number of frames at the start on which nothing was found; returned only once.
  func takeEmptyFrameCount() -> Int {
    defer { emptyFrameCount = 0 }
    return emptyFrameCount
  }

  /// Continues numbering after the objects recorded in a state.
  func resume() { nextObject = max(nextObject, labels.highestObject + 1) }
}

extension InteractionScript.Search {
  /// The detection options: those of the search, else those of `preset`.
  func options(_ preset: DetectionOptions) -> DetectionOptions {
    var options = preset
    options.threshold = threshold ?? preset.threshold
    options.suppression = suppression ?? preset.suppression
    options.maximumCount = maximumCount ?? preset.maximumCount
    return options
  }
}

extension Detection.Box {
  /// A box along the outer edges of the pixels of `box`.
  init(_ box: PixelBox) {
    self.init(
      x0: Float(box.left), y0: Float(box.top), x1: Float(box.right + 1), y1: Float(box.bottom + 1))
  }
}
