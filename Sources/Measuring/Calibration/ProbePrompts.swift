package import Bytes
internal import Media
package import SAM2
internal import Tensors

/// Generated prompts for a picture without annotations.
///
/// Clicks on a grid, kept if the model finds a new object there, and boxes around the objects
/// found.
package struct ProbePrompts {
  package struct Object {
    package let click: Prompt.Point
    package let box: Prompt.Box?
    /// Share of the picture.
    let area: Double
    let predictedIoU: Float
  }

  /// Best first, by the model's own estimate of the mask's IoU.
  package let objects: [Object]

  /// Grid clicks, as shares of width and height.
  static let grid: [Float] = [0.2, 0.4, 0.6, 0.8]
  /// Minimum and maximum share of the picture that an object may cover.
  private static let areas = 0.002...0.7
  /// Objects whose masks agree at least this well count as the same.
  private static let sameIoU = 0.7
  /// Masks below this are poor at distinguishing the models.
  private static let minimumPredictedIoU: Float = 0.6

  /// Looks for up to `limit` objects in the picture given to `predictor`.
  package init(
    _ predictor: ImagePredictor, width: Int, height: Int, limit: Int
  ) throws(Failure) {
    let clicks = Self.grid.flatMap { y in
      Self.grid.map { x in Prompt.Point(x: x * Float(width), y: y * Float(height)) }
    }
    var found: [(object: Object, mask: BinaryMask)] = []
    let predictions = try predictor.predict(clicks.map { Prompt(points: [$0]) })
    for (click, prediction) in zip(clicks, predictions) {
      let mask = prediction.lowResolutionMask(prediction.best)
      guard let object = Self.object(click, prediction, mask, width, height) else { continue }
      found.append((object, mask))
    }
    found.sort { $0.object.predictedIoU > $1.object.predictedIoU }
    var distinct: [(object: Object, mask: BinaryMask)] = []
    for candidate in found where distinct.count < limit {
      let isNew = distinct.allSatisfy {
        $0.mask.intersectionOverUnion(candidate.mask) < Self.sameIoU
      }
      if isNew { distinct.append(candidate) }
    }
    // Prompt a model even if it finds nothing.
    let fallback = Object(
      click: .init(x: Float(width) / 2, y: Float(height) / 2), box: nil, area: 0, predictedIoU: 0)
    objects = distinct.isEmpty ? [fallback] : distinct.map(\.object)
  }

  private static func object(
    _ click: Prompt.Point, _ prediction: MaskPrediction, _ mask: BinaryMask, _ width: Int,
    _ height: Int
  ) -> Object? {
    let area = Double(mask.area) / Double(mask.width * mask.height)
    let score = prediction.predictedIoUs[prediction.best]
    guard areas.contains(area), score >= minimumPredictedIoU, prediction.objectScore > 0,
      let box = mask.boundingBox
    else { return nil }
    let (x, y) = (Float(width) / Float(mask.width), Float(height) / Float(mask.height))
    return Object(
      click: click,
      box: Prompt.Box(
        x0: Float(box.left) * x, y0: Float(box.top) * y, x1: Float(box.right + 1) * x,
        y1: Float(box.bottom + 1) * y),
      area: area, predictedIoU: score)
  }
}

extension MaskPrediction {
  /// Mask `index` at the decoder's resolution, [S/4, S/4]: enough for comparing models.
  func lowResolutionMask(_ index: Int) -> BinaryMask {
    BinaryMask(logits: lowResolutionLogits[index])
  }
}

extension BinaryMask {
  /// Set where logits [height, width] are positive.
  init(logits: Tensor) {
    self.init(width: logits.shape[1], height: logits.shape[0], logits: logits.floats())
  }
}
