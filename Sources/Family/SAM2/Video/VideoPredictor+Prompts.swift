public import Bytes
public import Media
import Tensors

// Annotations. Each is answered at once with the mask it gives, and becomes memory only when the
// next propagation starts.

extension VideoPredictor {
  /// Adds clicks, or a box and clicks, on one object of one frame.
  ///
  /// On a frame that was tracked before, they correct the mask there; the earlier mask is given to
  /// the decoder along with the clicks.
  /// - Parameters:
  ///   - frame: 0 to the number of frames minus one
  ///   - object: any number; a new one adds a new object
  ///   - points: in pixels of the video; labels 1 (object) and 0 (not the object)
  ///   - box: in pixels of the video
  ///   - clearOldPoints: whether earlier clicks on this frame are dropped
  /// - Returns: the masks of all objects on this frame.
  /// - Throws: `prompt.empty`, `prompt.box_after_points`, `track.frame`,
  ///   `track.no_conditioning`, and what `Prompt` checks.
  @discardableResult
  public func addPoints(
    frame: Int, object: Int, points: [Prompt.Point] = [], box: Prompt.Box? = nil,
    clearOldPoints: Bool = true
  ) throws(Failure) -> FrameResult {
    let clicks = try clicks(
      frame: frame, object: object, points: points, box: box, clearOldPoints: clearOldPoints)
    return try annotate(
      clicks.request, clicks.state, isConditioning: conditions(frame, clicks.state))
  }

  /// The request that the clicks amount to, and the object with these clicks.
  func clicks(
    frame: Int, object: Int, points: [Prompt.Point], box: Prompt.Box?, clearOldPoints: Bool
  ) throws(Failure) -> (request: FrameTracker.Request, state: TrackedObject) {
    try checkFrame(frame)
    guard !points.isEmpty || box != nil else {
      throw Failure(.usage, code: "prompt.empty", "neither points nor a box are given")
    }
    guard box == nil || clearOldPoints else {
      throw Failure(
        .usage, code: "prompt.box_after_points",
        "a box must come before all clicks on its frame", hint: "clear the old points as well")
    }
    try Prompt.validate(points: points, box: box)

    var state = state(of: object)
    let scaled = ModelPoint.scaled(
      points: points, box: box, width: width, height: height,
      imageSize: model.imageSize)
    let all = (clearOldPoints ? [] : state.points[frame] ?? []) + scaled
    state.points[frame] = all
    state.maskFrames.remove(frame)

    var request = request(frame, state)
    request.points = all
    request.previousLogits = state.latest(
      frame, pendingConditioning: conditions(frame, state)
    ).map { MaskPlane.clamped($0.logits) }
    return (request, state)
  }

  /// Adds the mask of one object on one frame; it must have the size of the video.
  ///
  /// - Returns: the masks of all objects on this frame.
  /// - Throws: `prompt.mask_size`, `track.frame`.
  @discardableResult
  public func addMask(
    frame: Int, object: Int, mask: BinaryMask
  ) throws(Failure) -> FrameResult {
    try checkFrame(frame)
    guard mask.width == width, mask.height == height else {
      throw Failure(
        .usage, code: "prompt.mask_size",
        "the mask is \(mask.width)x\(mask.height), the video is \(width)x\(height)",
        hint: "give a mask of the size of the video")
    }
    var state = state(of: object)
    state.maskFrames.insert(frame)
    state.points[frame] = nil
    var request = request(frame, state)
    request.mask = MaskPlane.modelMask(mask, imageSize: model.imageSize)
    return try annotate(request, state, isConditioning: conditions(frame, state))
  }

  /// The record of `object`; a new one if there is none.
  func state(of object: Int) -> TrackedObject {
    objects.first { $0.id == object }
      ?? TrackedObject(
        id: object, policies: TrackingPolicies(options, model.configuration))
  }

  func request(_ frame: Int, _ state: TrackedObject) -> FrameTracker.Request {
    FrameTracker.Request(
      frame: frame, isInitial: state.tracked[frame] == nil,
      isReverse: state.tracked[frame] ?? false)
  }

  /// Whether later frames always look back at an annotation of `frame`.
  private func conditions(_ frame: Int, _ state: TrackedObject) -> Bool {
    state.tracked[frame] == nil || options.correctionsCondition
  }

  /// Answers `request`, and only then lets `state` and the answer take effect.
  private func annotate(
    _ request: FrameTracker.Request, _ state: TrackedObject, isConditioning: Bool
  ) throws(Failure) -> FrameResult {
    let answer = try answer(to: request, state)
    // Prompts become memory at the next propagation, so until then frames attend to the same
    // memories.
    let seen = attended
    defer { attended = seen }
    var state = state
    state.policies = answer.policies
    if isConditioning {
      state.pendingConditioning[request.frame] = answer.output
    } else {
      state.pendingRecent[request.frame] = answer.output
    }
    revision += 1
    if let index = objects.firstIndex(where: { $0.id == state.id }) {
      objects[index] = state
    } else {
      objects.append(state)
    }
    return result(on: request.frame, isConditioning: isConditioning)
  }
}
