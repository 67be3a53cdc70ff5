import Media
import Tensors

/// What the decoder proposes for one click: a mask that may be kept.
struct MaskCandidate {
  /// In pixels of the crop.
  var point: Prompt.Point
  /// [S/4, S/4].
  var logits: Tensor
  var predictedIoU: Float
}

/// Decides which candidates of one crop are good enough, and brings those to the picture's size.
///
/// One mask at a time is held at full size.
struct MaskSieve {
  private let options: AutomaticMaskOptions
  private let crop: CropBox
  private let pictureWidth: Int
  private let pictureHeight: Int
  /// Logits of the candidate at hand, [crop.height, crop.width].
  private var logits: [Float]
  /// A mask this close to a crop's edge is probably cut off there.
  private static let edgeDistance = 20

  init(_ options: AutomaticMaskOptions, crop: CropBox, pictureWidth: Int, pictureHeight: Int) {
    self.options = options
    self.crop = crop
    self.pictureWidth = pictureWidth
    self.pictureHeight = pictureHeight
    logits = [Float](repeating: 0, count: crop.width * crop.height)
  }

  /// The mask of `candidate`, or nil when it is filtered out.
  mutating func pass(_ candidate: MaskCandidate) -> AutomaticMask? {
    let leastIoU = Float(options.predictedIoUThreshold)
    guard leastIoU <= 0 || candidate.predictedIoU > leastIoU else { return nil }
    enlarge(candidate.logits)
    let stability = stabilityScore()
    let leastStability = Float(options.stabilityScoreThreshold)
    guard leastStability <= 0 || stability >= leastStability else { return nil }
    let mask = BinaryMask(
      width: crop.width, height: crop.height, logits: logits,
      threshold: Float(options.maskThreshold))
    let box = pictureBox(mask.boundingBox)
    guard !isCutOff(box) else { return nil }
    var point = candidate.point
    point.x += Float(crop.left)
    point.y += Float(crop.top)
    return AutomaticMask(
      runs: RunLengthMask(
        mask, left: crop.left, top: crop.top, width: pictureWidth, height: pictureHeight),
      box: box, predictedIoU: candidate.predictedIoU, stabilityScore: stability, point: point,
      crop: crop)
  }

  private mutating func enlarge(_ lowResolution: Tensor) {
    let (height, width) = (lowResolution.shape[-2], lowResolution.shape[-1])
    var plane = lowResolution.floats()
    if options.minimumRegionArea > 0 {
      plane = RegionCleaning.clean(
        plane, width: width, height: height, maximumHoleArea: options.minimumRegionArea,
        maximumIslandArea: options.minimumRegionArea)
    }
    let crop = crop
    plane.withUnsafeBufferPointer { plane in
      logits.withUnsafeMutableBufferPointer { logits in
        Resizer.bilinear(
          plane, fromWidth: width, fromHeight: height, into: logits, width: crop.width,
          height: crop.height)
      }
    }
  }

  /// Area above a higher threshold over area above a lower one; not a number without any area.
  private func stabilityScore() -> Float {
    let high = Float(options.maskThreshold + options.stabilityScoreOffset)
    let low = Float(options.maskThreshold - options.stabilityScoreOffset)
    var inner: Int32 = 0
    var outer: Int32 = 0
    logits.withUnsafeBufferPointer { logits in
      for logit in logits {
        inner &+= logit > high ? 1 : 0
        outer &+= logit > low ? 1 : 0
      }
    }
    return Float(inner) / Float(outer)
  }

  private func pictureBox(_ box: PixelBox?) -> PixelBox {
    let box = box ?? PixelBox(left: 0, top: 0, right: 0, bottom: 0)
    return PixelBox(
      left: box.left + crop.left, top: box.top + crop.top, right: box.right + crop.left,
      bottom: box.bottom + crop.top)
  }

  /// Whether a side lies near that side of the crop, but not near that of the picture.
  private func isCutOff(_ box: PixelBox) -> Bool {
    func isNear(_ side: Int, _ edge: Int) -> Bool { abs(side - edge) <= MaskSieve.edgeDistance }
    return (isNear(box.left, crop.left) && !isNear(box.left, 0))
      || (isNear(box.top, crop.top) && !isNear(box.top, 0))
      || (isNear(box.right, crop.right) && !isNear(box.right, pictureWidth))
      || (isNear(box.bottom, crop.bottom) && !isNear(box.bottom, pictureHeight))
  }
}
