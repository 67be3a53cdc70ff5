import Bytes
import CSAM2
import Media
import SAM2

/// The masks of everything in a picture.
struct AutomaticMasks: MaskSource {
  private let masks: [AutomaticMask]
  private let width: Int
  private let height: Int

  /// Masks of a picture of `width` x `height`.
  init(_ masks: [AutomaticMask], width: Int, height: Int) {
    (self.masks, self.width, self.height) = (masks, width, height)
  }

  var description: sam2_result_info {
    var info = sam2_result_info()
    info.mask_count = Int32(masks.count)
    (info.width, info.height) = (Int32(width), Int32(height))
    info.best = Int32(
      masks.indices.max { masks[$0].predictedIoU < masks[$1].predictedIoU } ?? -1)
    info.frame = -1
    return info
  }

  func description(of index: Int) -> sam2_mask_info {
    let mask = masks[index]
    var info = sam2_mask_info.unknown
    info.predicted_iou = mask.predictedIoU
    info.stability_score = mask.stabilityScore
    info.point = (mask.point.x, mask.point.y)
    let crop = mask.crop
    info.crop = (Int32(crop.left), Int32(crop.top), Int32(crop.width), Int32(crop.height))
    info.box = mask.box.corners
    info.area = Int64(mask.area)
    return info
  }

  func mask(_ index: Int) -> BinaryMask { masks[index].runs.mask }

  func logits(_ index: Int) throws(Failure) -> [Float] { throw AutomaticMasks.noLogits }

  func lowResolutionLogits(_ index: Int) throws(Failure) -> [Float] {
    throw AutomaticMasks.noLogits
  }

  private static var noLogits: Failure {
    Failure(
      .usage, code: "result.no_logits", "automatic masks have no logits",
      hint: "prompt a predictor with the point of the mask")
  }
}
