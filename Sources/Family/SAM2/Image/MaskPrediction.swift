import Bytes
public import Media
public import Tensors

/// The masks a model proposes for one prompt: three candidates, or one.
public struct MaskPrediction: Sendable {
  /// [masks, S/4, S/4]: the decoder's logits, positive inside.
  public let lowResolutionLogits: Tensor
  /// The model's own estimate of each mask's IoU with the true mask.
  public let predictedIoUs: [Float]
  /// Logit of the object being present at all; 10 for models that do not predict it.
  public let objectScore: Float
  /// Size of the original picture.
  public let width: Int
  public let height: Int

  public init(
    lowResolutionLogits: Tensor, predictedIoUs: [Float], objectScore: Float, width: Int,
    height: Int
  ) {
    self.lowResolutionLogits = lowResolutionLogits
    self.predictedIoUs = predictedIoUs
    self.objectScore = objectScore
    self.width = width
    self.height = height
  }

  /// Number of masks: 3 or 1.
  public var count: Int { predictedIoUs.count }

  /// Index of the mask with the highest predicted IoU; on a tie, the first.
  public var best: Int {
    predictedIoUs.indices.reduce(0) { predictedIoUs[$1] > predictedIoUs[$0] ? $1 : $0 }
  }

  /// Logits of mask `index` at the size of the picture, [height, width].
  public func logits(_ index: Int) -> [Float] {
    MaskPlane.enlarge(lowResolutionLogits[index], width: width, height: height)
  }

  /// Mask `index` at the size of the picture: where the logits are above `threshold`.
  public func mask(_ index: Int, threshold: Float = 0) -> BinaryMask {
    let plane = lowResolutionLogits[index]
    let enlarged = EnlargedPlane(
      fromWidth: plane.shape[-1], fromHeight: plane.shape[-2], width: width, height: height)
    return plane.floats().withUnsafeBufferPointer { enlarged.mask($0, threshold: threshold) }
  }

  /// All masks at the size of the picture, computed on two threads.
  public func masks(threshold: Float = 0) -> [BinaryMask] {
    mapMasks { mask($0, threshold: threshold) }
  }

  /// The results of `transform` for each mask's index, computed on two threads.
  public func mapMasks<Result: Sendable>(
    _ transform: @escaping @Sendable (_ index: Int) -> Result
  ) -> [Result] {
    let half = (count + 1) / 2
    guard half < count else { return (0..<half).map(transform) }
    let others = BackgroundWork { (half..<count).map(transform) }
    return (0..<half).map(transform) + others.value()
  }

  /// A copy with small holes filled and small islands removed, up to the given areas in
  /// low-resolution pixels; 0 leaves them.
  ///
  /// `max_hole_area` and `max_sprinkle_area` of the reference, which need CUDA there.
  public func cleaned(
    maximumHoleArea: Int, maximumIslandArea: Int, threshold: Float = 0
  ) -> MaskPrediction {
    guard maximumHoleArea > 0 || maximumIslandArea > 0 else { return self }
    let (height, width) = (lowResolutionLogits.shape[-2], lowResolutionLogits.shape[-1])
    let planes = (0..<count).flatMap { index in
      RegionCleaning.clean(
        lowResolutionLogits[index].floats(), width: width, height: height,
        maximumHoleArea: maximumHoleArea, maximumIslandArea: maximumIslandArea,
        threshold: threshold)
    }
    return MaskPrediction(
      lowResolutionLogits: Tensor(planes, shape: lowResolutionLogits.shape),
      predictedIoUs: predictedIoUs, objectScore: objectScore, width: self.width,
      height: self.height)
  }

  /// Mask `index` as `Prompt.maskLogits` for a further click: [S/4, S/4], clamped to ±32.
  public func maskPrompt(_ index: Int) -> Tensor { MaskPlane.clamped(lowResolutionLogits[index]) }
}
