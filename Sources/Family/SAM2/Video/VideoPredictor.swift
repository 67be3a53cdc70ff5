public import Bytes
import Media
import Tensors

/// Tracks objects through a video: annotate any frames, propagate, look, correct, propagate again.
///
///     let model = try SegmentationModel(path: "model.sam2")
///     let video = try VideoPredictor(model, frames: FrameSource(path: "clip.mp4"))
///     try video.addPoints(frame: 0, object: 1, points: [.init(x: 210, y: 350)])
///     try video.addPoints(frame: 0, object: 2, box: .init(x0: 300, y0: 0, x1: 500, y1: 400))
///     var propagation = try video.propagation()
///     while let result = try propagation.next() {
///       for (object, mask) in result.masks() { save(result.frame, object, mask) }
///     }
///
/// Matches the reference's `SAM2VideoPredictor`, as `build_sam2_video_predictor` sets it up. Frames
/// are read when they are needed and not kept. Not for use from several threads at once; any number
/// of predictors may share a model.
public final class VideoPredictor {
  public let model: SegmentationModel
  public let options: VideoOptions
  /// Number of frames; lowered if the video ends earlier than its header declares.
  public internal(set) var frameCount: Int
  /// The frames that tracking has skipped, and why each could not be read.
  public internal(set) var skippedFrames: [Int: Failure] = [:]
  let tracker: FrameTracker
  var features: FrameFeatures
  var objects: [TrackedObject] = [] {
    didSet { attended = nil }
  }
  /// A frame as an object's memory sees it, kept for the next click there.
  var attended: AttendedFrame?
  /// Counts changes to annotations, so that a propagation notices when it is out of date.
  var revision = 0

  /// - Throws: `video.empty` when there are no frames; `config.*` for options out of range;
  ///   `model.image_only` when the model has no memory.
  public init(
    _ model: SegmentationModel, frames: any IndexedFrames, options: VideoOptions = .init()
  ) throws(Failure) {
    try model.require(.tracking)
    self.model = model
    self.options = options
    features = FrameFeatures(
      model: model, source: frames, capacity: options.featureCacheCapacity)
    frameCount = try features.countFrames()
    guard frameCount > 0 else {
      throw Failure(.badInput, code: "video.empty", "the video has no frames")
    }
    tracker = FrameTracker(
      stages: model.stages, configuration: try options.applied(to: model.configuration),
      frameCount: frameCount, width: features.reader.width, height: features.reader.height,
      fillHoleArea: options.fillHoleArea, prunesMemory: options.prunesMemory)
  }

  /// Size of the frames in pixels.
  public var width: Int { features.reader.width }
  public var height: Int { features.reader.height }

  /// Identifiers of the objects, in the order in which they were added.
  public var objectIDs: [Int] { objects.map(\.id) }

  // MARK: - Taking back

  /// Removes the clicks or the mask of `object` on `frame`; what was tracked there stays.
  ///
  /// - Returns: the masks of all objects on this frame.
  /// - Throws: `track.object`, `track.frame`.
  @discardableResult
  public func clearFrame(_ frame: Int, object: Int) throws(Failure) -> FrameResult {
    try checkFrame(frame)
    let index = try index(of: object)
    revision += 1
    objects[index].clearAnnotations(on: frame)
    return result(on: frame, isConditioning: hasPendingConditioning(on: frame))
  }

  /// Removes `object` and everything known about it.
  /// - Returns: the frames that it was annotated on, with the masks that remain; empty when it was
  ///   the last object.
  /// - Throws: `track.object`.
  @discardableResult
  public func removeObject(_ object: Int) throws(Failure) -> [FrameResult] {
    let index = try index(of: object)
    revision += 1
    let frames = objects[index].annotatedFrames
    objects.remove(at: index)
    if objects.isEmpty { return [] }
    return frames.map { result(on: $0, isConditioning: hasPendingConditioning(on: $0)) }
  }

  /// Removes all objects.
  public func reset() {
    revision += 1
    objects = []
  }

  private func hasPendingConditioning(on frame: Int) -> Bool {
    objects.contains { $0.pendingConditioning.contains(frame) }
  }

  // MARK: - Shared by the extensions

  /// The newest masks of all objects on `frame`.
  func result(on frame: Int, isConditioning: Bool) -> FrameResult {
    let found = objects.map { object in
      (object.id, object.latest(frame, pendingConditioning: isConditioning))
    }
    return result(on: frame, outputs: found)
  }

  func result(on frame: Int, outputs: [(id: Int, output: FrameOutput?)]) -> FrameResult {
    let side = model.configuration.maskSide
    return FrameResult(
      frame: frame,
      objects: outputs.map { id, output in
        FrameResult.Object(
          id: id,
          lowResolutionLogits: output?.logits
            ?? Tensor(
              [Float](repeating: FrameOutput.absentLogit, count: side * side),
              shape: Shape([side, side])),
          objectScore: output?.objectScore)
      },
      width: width, height: height, masksDoNotOverlap: options.masksDoNotOverlap)
  }

  func index(of object: Int) throws(Failure) -> Int {
    guard let index = objects.firstIndex(where: { $0.id == object }) else {
      throw Failure(
        .usage, code: "track.object", "there is no object \(object)",
        hint: "the objects are \(objectIDs)")
    }
    return index
  }

  func checkFrame(_ frame: Int) throws(Failure) {
    guard (0..<frameCount).contains(frame) else {
      throw Failure(
        .usage, code: "track.frame",
        "frame \(frame) is outside the video, which has frames 0 to \(frameCount - 1)")
    }
  }

  /// Forgets what was tracked near `frame`, as far as the memory reaches.
  func clearMemory(around frame: Int, object index: Int) {
    let configuration = tracker.configuration
    let reach =
      configuration.memory.bank.memoryTemporalStrideForEval * configuration.memory.bank.numMaskmem
    objects[index].recent.remove { abs($0 - frame) <= reach }
  }
}
