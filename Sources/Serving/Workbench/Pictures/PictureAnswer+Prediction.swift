import Bytes
import Media
import SAM2
import SAM2Jobs

extension PictureAnswer {
  /// The part of `prediction` that `prompt` requests; `milliseconds` is read after the masks are
  /// computed.
  init(
    _ prediction: MaskPrediction, _ prompt: PicturePrompt, logits: String?,
    milliseconds: () -> Double
  ) {
    let (width, height) = prompt.size ?? (prediction.width, prediction.height)
    // The same logits, scaled to another size.
    let sized = MaskPrediction(
      lowResolutionLogits: prediction.lowResolutionLogits,
      predictedIoUs: prediction.predictedIoUs, objectScore: prediction.objectScore, width: width,
      height: height)
    let masks = sized.mapMasks { index in
      Mask(runs: RunLengthMask(sized.mask(index)), predictedIoU: sized.predictedIoUs[index])
    }
    var notices: [Notice] = []
    let outside = Prompt.notices(
      points: prompt.points, box: prompt.box, width: prediction.width, height: prediction.height)
    for notice in outside { notices.merge(notice) }
    self.init(
      masks: masks, best: prediction.best, objectScore: prediction.objectScore, logits: logits,
      notices: notices, milliseconds: milliseconds())
  }
}
