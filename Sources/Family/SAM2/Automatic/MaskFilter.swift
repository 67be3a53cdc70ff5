import Media
import Tensors

/// The decoder's proposal for one click: a mask that may be kept.
struct MaskCandidate {
  /// In pixels of the crop.
  var point: Prompt.Point
  /// [S/4, S/4].
  var logits: Tensor
  var predictedIoU: Float
}

/// Decides which of a crop's candidates are good enough, and brings those to the picture's size.
///
/// Only one mask at a time is held at full size.
struct MaskFilter {
  private let options: AutomaticMaskOptions
  private let crop: CropBox
  private let pictureWidth: Int
  private let pictureHeight: Int
  /// Created for the candidates' size when the first one arrives.
  private var enlarged: EnlargedPlane?
  /// A mask this close to a crop's edge is probably cut off there.
  private static let edgeDistance = 20

  init(_ options: AutomaticMaskOptions, crop: CropBox, pictureWidth: Int, pictureHeight: Int) {
    self.options = options
    self.crop = crop
    self.pictureWidth = pictureWidth
    self.pictureHeight = pictureHeight
  }

  /// The mask of `candidate`, or nil when it is filtered out.
  mutating func pass(_ candidate: MaskCandidate) -> AutomaticMask? {
    let minimumIoU = Float(options.predictedIoUThreshold)
    guard minimumIoU <= 0 || candidate.predictedIoU > minimumIoU else { return nil }
    let plane = plane(of: candidate.logits)
    let enlarged = enlarged(from: candidate.logits)
    let stability = plane.withUnsafeBufferPointer { stabilityScore($0, enlarged) }
    let minimumStability = Float(options.stabilityScoreThreshold)
    guard minimumStability <= 0 || stability >= minimumStability else { return nil }
    let mask = plane.withUnsafeBufferPointer {
      enlarged.mask($0, threshold: Float(options.maskThreshold))
    }
    let runs = RunLengthMask(
      mask, left: crop.left, top: crop.top, width: pictureWidth, height: pictureHeight)
    let box = runs.boundingBox ?? emptyBox
    guard !isCutOff(box) else { return nil }
    var point = candidate.point
    point.x += Float(crop.left)
    point.y += Float(crop.top)
    return AutomaticMask(
      runs: runs, box: box, predictedIoU: candidate.predictedIoU, stabilityScore: stability,
      point: point, crop: crop)
  }

  private mutating func enlarged(from lowResolution: Tensor) -> EnlargedPlane {
    if let enlarged { return enlarged }
    let new = EnlargedPlane(
      fromWidth: lowResolution.shape[-1], fromHeight: lowResolution.shape[-2], width: crop.width,
      height: crop.height)
    enlarged = new
    return new
  }

  private func plane(of lowResolution: Tensor) -> [Float] {
    let plane = lowResolution.floats()
    guard options.minimumRegionArea > 0 else { return plane }
    return RegionCleaning.clean(
      plane, width: lowResolution.shape[-1], height: lowResolution.shape[-2],
      maximumHoleArea: options.minimumRegionArea, maximumIslandArea: options.minimumRegionArea)
  }

  /// Ratio of the area above a higher threshold to the area above a lower one; NaN if both are
  /// zero.
  private func stabilityScore(
    _ plane: UnsafeBufferPointer<Float>, _ enlarged: EnlargedPlane
  ) -> Float {
    let areas = enlarged.areas(
      plane, above: Float(options.maskThreshold + options.stabilityScoreOffset),
      and: Float(options.maskThreshold - options.stabilityScoreOffset))
    return Float(areas.high) / Float(areas.low)
  }

  /// The box of an empty mask, as in the reference: a point at the corner of the crop.
  private var emptyBox: PixelBox {
    PixelBox(left: crop.left, top: crop.top, right: crop.left, bottom: crop.top)
  }

  /// Whether a side of the box is near the same side of the crop but not near that of the picture.
  private func isCutOff(_ box: PixelBox) -> Bool {
    func isNear(_ side: Int, _ edge: Int) -> Bool { abs(side - edge) <= MaskFilter.edgeDistance }
    return (isNear(box.left, crop.left) && !isNear(box.left, 0))
      || (isNear(box.top, crop.top) && !isNear(box.top, 0))
      || (isNear(box.right, crop.right) && !isNear(box.right, pictureWidth))
      || (isNear(box.bottom, crop.bottom) && !isNear(box.bottom, pictureHeight))
  }
}
