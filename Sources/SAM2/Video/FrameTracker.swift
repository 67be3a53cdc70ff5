import Bytes
import Glibc
import SAM2Config
import Tensors

/// Segments one object on one frame: `track_step` of the reference.
///
/// It has no state; what it looks back at is handed in, and what it finds is handed back.
struct FrameTracker: Sendable {
  let stages: Stages
  let configuration: ModelConfiguration
  let frameCount: Int
  /// Holes of at most so many low-resolution pixels are filled; 0 leaves them.
  let fillHoleArea: Int

  /// What is asked about one frame.
  struct Request {
    var frame: Int
    /// No memory is looked at: the first annotation of a frame that was not tracked.
    var isInitial: Bool
    var isReverse = false
    /// Clicks in model pixels, without padding.
    var points: [ModelPoint]?
    /// Given mask [1, S, S, 1].
    var mask: Tensor?
    /// Logits [S/4, S/4] of an earlier answer on this frame, already clamped.
    var previousLogits: Tensor?
    /// Whether the answer becomes memory right away.
    var encodesMemory = false
  }

  /// Logits of the decoder's chosen mask, before holes are filled.
  private struct Head {
    var logits: Tensor
    var pointer: Tensor
    var objectScore: Float
  }

  func track(
    _ request: Request, object: TrackedObject, image: ImageFeatures
  ) throws(Failure) -> FrameOutput {
    let head =
      if let mask = request.mask, configuration.useMaskInputAsOutputWithoutSam {
        try takeMask(mask, image: image)
      } else {
        try segment(request, object: object, image: image)
      }
    var output = FrameOutput(
      memory: nil, logits: head.logits, pointer: head.pointer, objectScore: head.objectScore)
    if request.encodesMemory {
      // The memory sees the mask with its holes.
      output.memory = try encodeMemory(of: output, image: image, isAnnotated: false)
    }
    output.logits = HoleFilling.fill(head.logits, maximumArea: fillHoleArea)
    return output
  }

  /// Memory of an answer, bfloat16 [h * w, Cm], as the reference stores it.
  ///
  /// `isAnnotated` says that the mask is what a person settled on.
  func encodeMemory(
    of output: FrameOutput, image: ImageFeatures, isAnnotated: Bool
  ) throws(Failure) -> Tensor {
    var masks = try stages.upscale(output.logits)
    if isAnnotated, configuration.binarizeMaskFromPointsForMemEnc {
      // The graph applies a sigmoid, which of ±10000 is exactly one or zero.
      masks = Tensor(masks.floats().map { $0 > 0 ? 1e4 : -1e4 }, shape: masks.shape)
    }
    let memory = try stages.encodeMemory(
      features: image.features, masks: masks, isPresent: output.isPresent)
    return memory[0].converted(to: .bfloat16)
  }

  // MARK: - By the decoder

  private func segment(
    _ request: Request, object: TrackedObject, image: ImageFeatures
  ) throws(Failure) -> Head {
    let features: Tensor
    if request.isInitial {
      features = image.embedding
    } else {
      let plan = MemoryPlan(
        frame: request.frame, conditioning: object.conditioning.frames,
        hasRecent: { object.recent.contains($0) }, frameCount: frameCount,
        isReverse: request.isReverse, configuration: configuration)
      let memory = try AttendedMemory(
        plan, of: object, stages: stages, frameCount: frameCount, configuration: configuration)
      features = try stages.attend(features: image.features, to: memory)
    }
    var prompt = request.previousLogits
    if prompt == nil, let mask = request.mask {
      // The logits are 20 * mask - 10 made smaller, and making smaller is linear.
      let logits = try stages.maskAsOutput(mask).logits
      prompt = Tensor(logits.floats().map { ($0 + 10) / 20 }, shape: logits.shape)
    }
    return try decode(
      features: features, image: image, points: request.points, maskPrompt: prompt,
      isMultimask: usesMultimask(request))
  }

  /// Whether the answer is the best of three candidates instead of the single mask.
  private func usesMultimask(_ request: Request) -> Bool {
    let pointCount = request.points?.count ?? 0
    return configuration.multimaskOutputInSam
      && (request.isInitial || configuration.multimaskOutputForTracking)
      && configuration.multimaskMinPtNum <= pointCount
      && pointCount <= configuration.multimaskMaxPtNum
  }

  /// Runs prompt encoder, decoder and pointer projection, and chooses the mask.
  ///
  /// `maskPrompt` holds S/4 x S/4 logits and may have any rank.
  private func decode(
    features: Tensor, image: ImageFeatures, points: [ModelPoint]?, maskPrompt: Tensor?,
    isMultimask: Bool
  ) throws(Failure) -> Head {
    // Without clicks the reference makes one of padding, and then pads.
    let tokens = (points ?? [.padding]) + [.padding]
    let sparse = try stages.encodePoints([tokens], width: configuration.dModel)
    let side = configuration.maskSide
    let dense =
      if let maskPrompt {
        try stages.encodeMaskPrompt(maskPrompt.reshaped(Shape([1, side, side, 1])))
      } else {
        stages.noMaskDense
      }
    let decoded = try stages.decode(
      features: features, image: image, sparse: sparse, dense: dense)

    let masks = decoded.masks[0]
    let ious = decoded.predictedIoUs[0].floats()
    let choice =
      isMultimask
      ? MaskChoice.best(predictedIoUs: ious)
      : MaskChoice.single(
        mask0: masks[0].floats(), predictedIoUs: ious, rule: configuration.stabilityRule)
    let score = decoded.objectScores.floats()[0]
    let token =
      isMultimask && configuration.useMultimaskTokenForObjPtr
      ? decoded.tokens[0][choice] : decoded.tokens[0][0]
    let isAbsent = configuration.predObjScores && score <= 0
    return Head(
      logits: isAbsent ? absentLogits : masks[choice],
      pointer: try stages.pointer(
        token: token.reshaped(Shape([1, configuration.dModel])), present: presence(of: score)),
      objectScore: score)
  }

  /// Share of the object pointer against the "no object" pointer.
  private func presence(of score: Float) -> Float {
    guard configuration.predObjScores else { return 1 }
    if configuration.softNoObjPtr { return 1 / (1 + expf(-score)) }
    return score > 0 ? 1 : 0
  }

  private var absentLogits: Tensor {
    let side = configuration.maskSide
    return Tensor(
      [Float](repeating: FrameOutput.absentLogit, count: side * side), shape: Shape([side, side]))
  }

  // MARK: - By a given mask

  /// Takes the mask [1, S, S, 1] as the answer, and asks the decoder only for the pointer.
  private func takeMask(_ mask: Tensor, image: ImageFeatures) throws(Failure) -> Head {
    let (prompt, logits) = try stages.maskAsOutput(mask)
    var head = try decode(
      features: image.features, image: image, points: nil, maskPrompt: prompt, isMultimask: false)
    let isPresent = mask.floats().contains { $0 > 0 }
    head.logits = logits.reshaped(Shape([configuration.maskSide, configuration.maskSide]))
    head.objectScore = isPresent ? 10 : -10
    if configuration.predObjScores, !isPresent {
      head.pointer = try withoutObject(head.pointer)
    }
    return head
  }

  /// The pointer after "no object" is mixed in once more.
  private func withoutObject(_ pointer: Tensor) throws(Failure) -> Tensor {
    let token = Tensor(dtype: .float32, shape: pointer.shape) { _ in }
    let absent = try stages.pointer(token: token, present: 0)
    if configuration.fixedNoObjPtr { return absent }
    // Without the fixed pointer the graph gives projection + embedding: take the projection off.
    let present = try stages.pointer(token: token, present: 1).floats()
    let embedding = zip(absent.floats(), present).map { $0 - $1 }
    return Tensor(zip(pointer.floats(), embedding).map { $0 + $1 }, shape: pointer.shape)
  }
}
