import Bytes
import CSAM2
import Media
import SAM2

/// The answer to a prompt on a picture.
struct PromptMasks: MaskSource {
  private let prediction: MaskPrediction
  /// The same, without small holes and islands.
  private let cleaned: MaskPrediction
  private let threshold: Float
  private let masks: [Lazy<BinaryMask>]

  init(_ prediction: MaskPrediction, _ finish: MaskFinish) {
    self.prediction = prediction
    threshold = finish.threshold
    cleaned = prediction.cleaned(
      maximumHoleArea: finish.maximumHoleArea, maximumIslandArea: finish.maximumIslandArea,
      threshold: finish.threshold)
    masks = (0..<prediction.count).map { _ in Lazy() }
  }

  var description: sam2_result_info {
    var info = sam2_result_info()
    info.mask_count = Int32(prediction.count)
    (info.width, info.height) = (Int32(prediction.width), Int32(prediction.height))
    info.logits_side = Int32(prediction.lowResolutionLogits.shape[-1])
    info.best = Int32(prediction.best)
    info.frame = -1
    return info
  }

  func description(of index: Int) -> sam2_mask_info {
    var info = sam2_mask_info.unknown
    info.predicted_iou = prediction.predictedIoUs[index]
    info.object_score = prediction.objectScore
    info.measure(mask(index))
    return info
  }

  func mask(_ index: Int) -> BinaryMask {
    masks[index].value { cleaned.mask(index, threshold: threshold) }
  }

  func logits(_ index: Int) -> [Float] { prediction.logits(index) }

  func lowResolutionLogits(_ index: Int) -> [Float] {
    prediction.lowResolutionLogits[index].floats()
  }
}
