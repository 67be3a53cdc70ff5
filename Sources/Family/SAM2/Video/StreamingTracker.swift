public import Bytes
public import Media

/// Tracks objects through frames as they arrive, for example from a camera; no frame is kept.
///
///     let camera = try LiveSource(LiveAddress("/dev/video0"))
///     let tracker = try StreamingTracker(model, width: camera.width, height: camera.height)
///     while let frame = try camera.next() {
///       for (object, mask) in try tracker.push(frame.picture).masks() { show(object, mask) }
///       if let click = clicks.next() { try tracker.addPoints(object: 1, points: [click]) }
///     }
///
/// Annotations apply to the frame pushed last, and objects may be added, corrected and removed at
/// any time. The masks are those of a `VideoPredictor` on a video of at least 16 frames (it knows
/// the end of shorter ones). Memory stays bounded: results too old for the model to look at are
/// dropped, except those of annotated frames. Not for use from several threads at once.
public final class StreamingTracker {
  private let live: LiveFrames
  let predictor: VideoPredictor

  /// A tracker for frames of `width` x `height`.
  /// - Throws: `stream.size` unless both are positive.
  public init(
    _ model: SegmentationModel, width: Int, height: Int, options: VideoOptions = .init()
  ) throws(Failure) {
    guard width > 0, height > 0 else {
      throw Failure(.usage, code: "stream.size", "\(width)x\(height) is not a size of a frame")
    }
    live = LiveFrames(width: width, height: height)
    predictor = try VideoPredictor(model, frames: live, options: options)
  }

  /// A tracker that resumes where another one was when `saveState` was called; the next push is the
  /// next frame.
  /// - Throws: as the other initialiser; `file.*`; `state.*` for a file that is damaged or belongs
  ///   to another model, size or options.
  public convenience init(
    _ model: SegmentationModel, resuming path: String, width: Int, height: Int,
    options: VideoOptions = .init()
  ) throws(Failure) {
    try self.init(model, width: width, height: height, options: options)
    let position = try predictor.restore(from: path) { _ throws(Failure) in }.position
    live.resume(at: position?.next ?? 0)
  }

  /// Writes everything known about the objects to `path`, all or nothing, for a later tracker.
  ///
  /// Annotations become final, as they do with the next frame.
  /// - Throws: `track.no_conditioning`, and what writing throws.
  public func saveState(to path: String, replaceExisting: Bool = true) throws(Failure) {
    if !predictor.objects.isEmpty { try predictor.settleAnnotations() }
    let next = (live.index ?? -1) + 1
    let position = TrackingState.Position(
      next: next, last: predictor.frameCount - 1, isReverse: false, keepsHistory: false)
    try predictor.save(to: path, position: position, place: nil, replaceExisting: replaceExisting)
  }

  /// Index of the frame pushed last, from 0; nil before the first.
  public var frame: Int? { live.index }

  /// Identifiers of the objects, in the order in which they were added.
  public var objectIDs: [Int] { predictor.objectIDs }

  /// Takes the next frame and tracks all objects onto it.
  ///
  /// Annotations made since the previous frame become final. A frame that fails is skipped; the
  /// next one is tracked from the frames before it.
  /// - Returns: the masks of all objects; none while there are no objects.
  /// - Throws: `video.frame_size`, `track.no_conditioning`, what running the model throws.
  @discardableResult
  public func push(_ picture: RGBImage) throws(Failure) -> FrameResult {
    guard picture.width == live.width, picture.height == live.height else {
      throw Failure(
        .badInput, code: "video.frame_size",
        "the frame is \(picture.width)x\(picture.height), but the video is "
          + "\(live.width)x\(live.height)", hint: "all frames of a video must have one size")
    }
    // Annotations become final using the features of their own frame, which is still the last one
    // here.
    if !predictor.objects.isEmpty { try predictor.settleAnnotations() }
    let frame = live.take(picture)
    let result = try predictor.trackFrame(frame, isReverse: false)
    predictor.forgetHistory(before: frame, isReverse: false)
    predictor.forgetPrompts(before: frame)
    return result
  }

  // MARK: - Annotations of the frame pushed last

  /// Adds clicks, or a box and clicks, on one object; see `VideoPredictor.addPoints`.
  /// - Throws: `stream.no_frame` before the first frame, and what the predictor throws.
  @discardableResult
  public func addPoints(
    object: Int, points: [Prompt.Point] = [], box: Prompt.Box? = nil, clearOldPoints: Bool = true
  ) throws(Failure) -> FrameResult {
    try predictor.addPoints(
      frame: lastFrame(), object: object, points: points, box: box, clearOldPoints: clearOldPoints)
  }

  /// Adds the mask of one object; see `VideoPredictor.addMask`.
  /// - Throws: `stream.no_frame` before the first frame, and what the predictor throws.
  @discardableResult
  public func addMask(object: Int, mask: BinaryMask) throws(Failure) -> FrameResult {
    try predictor.addMask(frame: lastFrame(), object: object, mask: mask)
  }

  /// Removes `object` and everything known about it.
  /// - Throws: `track.object`.
  public func removeObject(_ object: Int) throws(Failure) { try predictor.removeObject(object) }

  /// Removes all objects.
  public func reset() { predictor.reset() }

  private func lastFrame() throws(Failure) -> Int {
    guard let frame = live.index, live.hasPicture else {
      throw Failure(
        .usage, code: "stream.no_frame", "there is no frame to annotate", hint: "push one first")
    }
    return frame
  }
}

/// The newest frame of an endless video.
private final class LiveFrames: IndexedFrames {
  let width: Int
  let height: Int
  private(set) var index: Int?
  private var picture: RGBImage?

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// Whether the newest frame is available.
  var hasPicture: Bool { picture != nil }

  /// Gives the next frame the index `next`.
  func resume(at next: Int) {
    index = next > 0 ? next - 1 : nil
    picture = nil
  }

  /// Chosen so that no sum of frame numbers overflows.
  var frameCount: Int? { Int.max / 4 }

  /// Replaces the frame, and returns the index of the new one.
  func take(_ picture: RGBImage) -> Int {
    let next = (index ?? -1) + 1
    index = next
    self.picture = picture
    return next
  }

  func frame(at index: Int) throws(Failure) -> RGBImage {
    guard let picture, index == self.index else {
      throw Failure(
        .usage, code: "video.frame", "frame \(index) has passed",
        hint: "frames of a stream are not kept")
    }
    return picture
  }
}
