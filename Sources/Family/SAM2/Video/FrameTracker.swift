import Bytes
import SAM2Config
import Tensors

/// Segments objects on one frame: `track_step` of the reference.
///
/// It has no state; what it looks back at is passed in, and what it finds is returned.
struct FrameTracker: Sendable {
  let stages: Stages
  let configuration: ModelConfiguration
  let frameCount: Int
  /// Size of the video.
  let width: Int
  let height: Int
  /// Holes up to this area, in low-resolution pixels, are filled; 0 keeps them.
  let fillHoleArea: Int
  /// Whether a full bank is pruned.
  let prunesMemory: Bool

  /// A request about one object on one frame.
  struct Request {
    var frame: Int
    /// Whether no memory is looked at, as for the first annotation of a frame that was not tracked.
    var isInitial: Bool
    var isReverse = false
    /// Clicks in model pixels, without padding.
    var points: [ModelPoint]?
    /// A given mask [1, S, S, 1].
    var mask: Tensor?
    /// Logits [S/4, S/4] of an earlier answer on this frame, already clamped.
    var previousLogits: Tensor?
    /// Whether the answer becomes memory right away.
    var encodesMemory = false
  }

  /// Maximum number of objects processed in one call; bounds the memory of a call.
  ///
  /// A full bank takes 60 MB per object in the published models.
  private static let callLimit = 4

  /// The decoder's mask of one object, before holes are filled.
  struct Head {
    /// The choice among the decoder's masks; `logits` may differ, for an absent object or because a
    /// mask was given.
    var selected: SelectedMask
    var logits: Tensor
    var pointer: Tensor
    var scores: FrameScores
  }

  /// The result for one object on one frame, and its policies as they are afterwards.
  struct Answer {
    var output: FrameOutput
    var policies: TrackingPolicies
  }

  /// Answers a request about one object; `features` are those of `features(for:object:image:)`, if
  /// already known.
  func track(
    _ request: Request, object: TrackedObject, image: ImageFeatures, features: Tensor? = nil
  ) throws(Failure) -> Answer {
    var policies = object.policies
    let head: Head
    if let mask = request.mask, configuration.tracking.useMaskInputAsOutputWithoutSam {
      head = try takeMask(mask, request, image: image, selection: policies.masks)
    } else {
      let seen: Tensor
      if let features {
        seen = features
      } else {
        seen = try self.features(for: request, object: object, image: image)
      }
      head = try segment(request, features: seen, image: image, selection: &policies.masks)
    }
    return Answer(
      output: try output(head, image: image, encodingMemory: request.encodesMemory),
      policies: policies)
  }

  /// Tracks objects onto a frame that none of them is annotated on.
  ///
  /// Objects whose memories have the same layout attend to them in one call; the masks are the same
  /// as for one object at a time. Without `encodingMemory` the answers cannot be looked back at.
  func follow(
    _ objects: [TrackedObject], onto frame: Int, isReverse: Bool, image: ImageFeatures,
    encodingMemory: Bool = true
  ) throws(Failure) -> [Answer] {
    var memories: [ObjectMemory] = []
    for object in objects {
      memories.append(try memory(of: object, on: frame, isReverse: isReverse))
    }
    let request = Request(frame: frame, isInitial: false)
    var found = [Answer?](repeating: nil, count: objects.count)
    for group in memories.groups(limit: Self.callLimit) {
      let features = try attend(image, to: group.map { memories[$0] })
      // From here on, objects share nothing: processing one at a time needs memory for only one.
      for (row, index) in group.enumerated() {
        var policies = objects[index].policies
        let head = try decode(
          request, features: features[row].asBatch, image: image, clicks: stages.noClicks,
          selection: &policies.masks)
        let output = try output(head, image: image, encodingMemory: encodingMemory)
        policies.memories.observe(
          TrackedMask(
            selected: head.selected, logits: output.logits, isReverse: isReverse, width: width,
            height: height))
        found[index] = Answer(output: output, policies: policies)
      }
    }
    return found.compactMap { $0 }
  }

  /// The answer with its small holes filled, and with a memory encoded before they were.
  private func output(
    _ head: Head, image: ImageFeatures, encodingMemory: Bool
  ) throws(Failure) -> FrameOutput {
    var output = FrameOutput(
      memory: nil, logits: head.logits, pointer: head.pointer, scores: head.scores)
    if encodingMemory {
      output.memory = try encodeMemory(of: output, image: image, isAnnotated: false)
    }
    output.logits = HoleFilling.fill(output.logits, maximumArea: fillHoleArea)
    return output
  }

  /// Memory of an answer, bfloat16 [h * w, Cm], as the reference stores it.
  ///
  /// `isAnnotated` marks a mask that a person has confirmed.
  func encodeMemory(
    of output: FrameOutput, image: ImageFeatures, isAnnotated: Bool
  ) throws(Failure) -> Tensor {
    var mask = try stages.upscale(output.logits)
    if isAnnotated, configuration.tracking.binarizeMaskFromPointsForMemEnc {
      // The graph applies a sigmoid, whose value at ±10000 is exactly one or zero.
      mask = Tensor(mask.floats().map { $0 > 0 ? 1e4 : -1e4 }, shape: mask.shape)
    }
    let memory = try stages.encodeMemory(
      features: image.features, mask: mask, isPresent: output.isPresent)
    return memory.bfloat16(pool: stages.pool)
  }

  // MARK: - Looking back

  private func memory(
    of object: TrackedObject, on frame: Int, isReverse: Bool
  ) throws(Failure) -> ObjectMemory {
    let plan = object.policies.memories.plan(
      for: frame, history: object.history, frameCount: frameCount, isReverse: isReverse,
      configuration: configuration)
    let memory = try ObjectMemory(plan, of: object)
    return prunesMemory ? memory.pruned(bankSize: configuration.memory.bank.numMaskmem) : memory
  }

  /// Features [B, h, w, C] of the picture as B objects with memories of one layout see it.
  private func attend(
    _ image: ImageFeatures, to memories: [ObjectMemory]
  ) throws(Failure) -> Tensor {
    let memory = try AttendedMemory(
      memories, stages: stages, configuration: configuration)
    return try stages.attend(features: image.features, to: memory)
  }

  /// The features [1, h, w, C] that clicks on `object` are decoded from: those of the picture or,
  /// on a tracked frame, the same as seen by the object's memory.
  func features(
    for request: Request, object: TrackedObject, image: ImageFeatures
  ) throws(Failure) -> Tensor {
    guard !request.isInitial else { return image.embedding }
    return try attend(
      image, to: [memory(of: object, on: request.frame, isReverse: request.isReverse)])
  }

  private func segment(
    _ request: Request, features: Tensor, image: ImageFeatures, selection: inout MaskSelection
  ) throws(Failure) -> Head {
    var prompt = request.previousLogits
    if prompt == nil, let mask = request.mask {
      // The logits are 20 * mask - 10, downsized, and downsizing is linear.
      let logits = try stages.maskAsOutput(mask).logits
      prompt = Tensor(logits.floats().map { ($0 + 10) / 20 }, shape: logits.shape)
    }
    return try decode(
      request, features: features, image: image, clicks: encodeClicks(request.points),
      maskPrompt: prompt, selection: &selection)
  }

  /// Whether the answer is one of three candidates rather than the single mask.
  func usesMultimask(_ request: Request) -> Bool {
    if request.mask != nil, configuration.tracking.useMaskInputAsOutputWithoutSam { return false }
    let pointCount = request.points?.count ?? 0
    return configuration.tracking.multimaskOutputInSam
      && (request.isInitial || configuration.tracking.multimaskOutputForTracking)
      && configuration.tracking.multimaskMinPtNum <= pointCount
      && pointCount <= configuration.tracking.multimaskMaxPtNum
  }
}
