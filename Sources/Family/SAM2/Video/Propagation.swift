public import Bytes

/// Tracking under way: each call of `next` tracks one frame.
///
/// To stop early, drop it. Annotating or removing objects meanwhile ends it with an error, because
/// what was tracked so far would not fit what follows.
public struct Propagation {
  /// How far tracking has progressed.
  public struct Progress: Sendable, Hashable {
    public var done: Int
    public var total: Int
  }

  /// The frames it visits, in order.
  public private(set) var frames: [Int]
  public let isReverse: Bool

  private let predictor: VideoPredictor
  private let keepsHistory: Bool
  private let revision: Int
  private var position = 0
  /// Whether frames before the first were tracked in the same run.
  private var isContinued = false

  init(_ predictor: VideoPredictor, frames: [Int], isReverse: Bool, keepsHistory: Bool) {
    self.predictor = predictor
    self.frames = frames
    self.isReverse = isReverse
    self.keepsHistory = keepsHistory
    revision = predictor.revision
  }

  /// Resumes where an earlier propagation of the same state stopped.
  init(_ predictor: VideoPredictor, resumingAt state: TrackingState.Position) {
    let frames = Array(min(state.next, state.last)...max(state.next, state.last))
    self.init(
      predictor, frames: state.isReverse ? frames.reversed() : frames, isReverse: state.isReverse,
      keepsHistory: state.keepsHistory)
    isContinued = true
  }

  /// Its position; nil when it is over.
  var statePosition: TrackingState.Position? {
    guard position < frames.count, let last = frames.last else { return nil }
    return .init(
      next: frames[position], last: last, isReverse: isReverse, keepsHistory: keepsHistory)
  }

  /// - Throws: `track.changed` when annotations have changed since the start.
  func checkCurrent() throws(Failure) {
    guard revision == predictor.revision else {
      throw Failure(
        .usage, code: "track.changed", "annotations have changed while objects were tracked",
        hint: "start a new propagation")
    }
  }

  public var progress: Progress { Progress(done: position, total: frames.count) }

  /// Masks of all objects on the next frame; nil after the last one.
  /// - Throws: `track.changed` when annotations have changed since the start; what reading frames
  ///   and running the model throw.
  public mutating func next() throws(Failure) -> FrameResult? {
    while position < frames.count {
      try checkCurrent()
      let frame = frames[position]
      do throws(Failure) {
        let next = position + 1 < frames.count ? frames[position + 1] : nil
        let result = try predictor.trackFrame(frame, isReverse: isReverse, before: next)
        if !keepsHistory { predictor.forgetHistory(before: frame, isReverse: isReverse) }
        position += 1
        return result
      } catch {
        if isEnd(error) {
          predictor.frameCount = frame
          frames.removeSubrange(position...)
        } else if predictor.options.skipsUnreadableFrames, predictor.features.isUnreadable(frame) {
          predictor.skippedFrames[frame] = error
          position += 1
        } else {
          throw error
        }
      }
    }
    return nil
  }

  /// Whether `failure` only means that the video is over: video file headers often promise a few
  /// more frames than there are.
  private func isEnd(_ failure: Failure) -> Bool {
    failure.cause == .endOfFrames && (position > 0 || isContinued) && !isReverse
  }
}
