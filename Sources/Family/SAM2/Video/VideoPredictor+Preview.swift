public import Bytes
import Tensors

// Answers before they are asked for: the mask that a click would give.

extension VideoPredictor {
  /// Frames that the image encoder has seen recently, so that prompts on them are quick.
  public var encodedFrames: [Int] { features.frames }

  /// Does the work shared by all clicks on `object` on `frame`, unless it is already done: the
  /// image encoder and, on a tracked frame, the attention to the object's memory.
  /// - Throws: `track.frame`; what reading the frame and running the model throw.
  public func encode(frame: Int, for object: Int) throws(Failure) {
    try checkFrame(frame)
    let image = try features.features(of: frame)
    let state = state(of: object)
    let request = request(frame, state)
    if !request.isInitial { _ = try attendedFeatures(request, state, image) }
  }

  /// Whether clicks on `object` on `frame` need only the decoder.
  public func isEncoded(frame: Int, for object: Int) -> Bool {
    guard features.frames.contains(frame) else { return false }
    return request(frame, state(of: object)).isInitial || isAttended(frame, object)
  }

  /// The mask that `addPoints` with these arguments would give `object`, without adding anything.
  ///
  /// The first preview on a tracked frame takes as long as a click there; later ones for the same
  /// frame and object only run the decoder.
  /// - Returns: the result on the frame with this object alone.
  /// - Throws: as `addPoints`.
  public func preview(
    frame: Int, object: Int, points: [Prompt.Point] = [], box: Prompt.Box? = nil,
    clearOldPoints: Bool = true
  ) throws(Failure) -> FrameResult {
    let (request, state) = try clicks(
      frame: frame, object: object, points: points, box: box, clearOldPoints: clearOldPoints)
    let output = try answer(to: request, state).output
    return FrameResult(
      frame: frame,
      objects: [
        FrameResult.Object(
          id: object, lowResolutionLogits: output.logits, objectScore: output.objectScore)
      ],
      width: width, height: height)
  }

  /// Answers `request` about `state`, which is the one in `objects` or a changed copy of it.
  func answer(
    to request: FrameTracker.Request, _ state: TrackedObject
  ) throws(Failure) -> FrameTracker.Answer {
    let image = try features.features(of: request.frame)
    guard request.mask == nil, !request.isInitial else {
      return try tracker.track(request, object: state, image: image)
    }
    return try tracker.track(
      request, object: state, image: image, features: attendedFeatures(request, state, image))
  }

  private func isAttended(_ frame: Int, _ object: Int) -> Bool {
    attended?.frame == frame && attended?.object == object
  }

  private func attendedFeatures(
    _ request: FrameTracker.Request, _ state: TrackedObject, _ image: ImageFeatures
  ) throws(Failure) -> Tensor {
    if let attended, isAttended(request.frame, state.id) { return attended.features }
    let features = try tracker.features(for: request, object: state, image: image)
    attended = AttendedFrame(frame: request.frame, object: state.id, features: features)
    return features
  }
}

/// Features [1, h, w, C] of a frame as the memory of an object sees them.
struct AttendedFrame {
  let frame: Int
  let object: Int
  let features: Tensor
}
