public import Bytes
public import Media
import Tensors

/// Finds everything in a picture: clicks on a grid and keeps the good masks, without duplicates.
///
///     let generator = try AutomaticMaskGenerator(SegmentationModel(path: "model.sam2"))
///     for found in try generator.generate(ImageReader.read("dog.jpg")) {
///       save(found.runs.mask, found.box, found.predictedIoU)
///     }
///
/// Matches the reference's `SAM2AutomaticMaskGenerator`, including the order of masks. Each crop is
/// encoded once; masks are kept as run lengths, and only one at a time exists at full size.
public struct AutomaticMaskGenerator: Sendable {
  public let model: SegmentationModel
  public let options: AutomaticMaskOptions

  /// Progress of the search, in clicks over all crops.
  public struct Progress: Sendable, Hashable {
    public var done: Int
    public var total: Int
  }

  /// Maximum number of clicks decoded in one call: more would not be faster, and each takes 8 MB in
  /// the last layer of the published models' decoder alone.
  private static let decoderLimit = 16

  /// - Throws: `auto.option`, `auto.point_grids` for options out of range.
  public init(
    _ model: SegmentationModel, options: AutomaticMaskOptions = .init()
  ) throws(Failure) {
    try options.validate()
    self.model = model
    self.options = options
  }

  /// Finds the masks of a picture.
  ///
  /// Checks for task cancellation before each batch.
  /// - Parameters:
  ///   - picture: at least as large as the crop layers need
  ///   - progress: called after each batch of clicks; an error it throws ends the search
  /// - Returns: the masks in order of decreasing predicted IoU; with crops, those from the smallest
  ///   crops come first.
  /// - Throws: `Failure` `auto.crops` and what running the model throws; `CancellationError`; what
  ///   `progress` throws.
  public func generate(
    _ picture: RGBImage, progress: (Progress) throws -> Void = { _ in }
  ) throws -> [AutomaticMask] {
    let crops = try CropBox.all(
      width: picture.width, height: picture.height, layers: options.cropLayers,
      overlapRatio: options.cropOverlapRatio)
    var state = Progress(
      done: 0, total: crops.reduce(0) { $0 + PointGrid.points(ofLayer: $1.layer, options).count })
    var masks: [AutomaticMask] = []
    for (crop, layer) in crops {
      masks += try search(crop, layer: layer, of: picture) { count in
        state.done += count
        try progress(state)
      }
    }
    guard crops.count > 1 else { return masks }
    let scores = masks.map { 1 / Float($0.crop.width * $0.crop.height) }
    let kept = BoxSuppression.kept(
      masks.map(\.box), scores: scores, threshold: options.cropNMSThreshold)
    return kept.map { masks[$0] }
  }

  /// The masks found in one crop, without duplicates; calls `progress` with the number of clicks in
  /// each finished batch.
  private func search(
    _ crop: CropBox, layer: Int, of picture: RGBImage, progress: (Int) throws -> Void
  ) throws -> [AutomaticMask] {
    try Task.checkCancellation()
    let predictor = ImagePredictor(model)
    try predictor.setImage(
      picture.cropped(left: crop.left, top: crop.top, width: crop.width, height: crop.height))
    let points = PointGrid.points(ofLayer: layer, options).map {
      Prompt.Point(x: Float($0.x * Double(crop.width)), y: Float($0.y * Double(crop.height)))
    }
    var filter = MaskFilter(
      options, crop: crop, pictureWidth: picture.width, pictureHeight: picture.height)
    var masks: [AutomaticMask] = []
    for batch in points.batches(of: options.pointsPerBatch) {
      try Task.checkCancellation()
      for clicks in batch.batches(of: Self.decoderLimit) {
        for candidate in try candidates(Array(clicks), predictor) {
          if let mask = filter.pass(candidate) { masks.append(mask) }
        }
      }
      try progress(batch.count)
    }
    let kept = BoxSuppression.kept(
      masks.map(\.box), scores: masks.map(\.predictedIoU), threshold: options.boxNMSThreshold)
    return kept.map { masks[$0] }
  }

  // MARK: - Decoding

  /// The decoder's candidates for each of `points`, in pixels of the crop.
  private func candidates(
    _ points: [Prompt.Point], _ predictor: ImagePredictor
  ) throws(Failure) -> [MaskCandidate] {
    let decoded = try predictor.decode(clicks: points)
    var candidates: [MaskCandidate] = []
    for (row, point) in points.enumerated() {
      for mask in decoded.shownMasks(row, multimask: options.multimask, model.configuration) {
        candidates.append(decoded.candidate(row, mask, point))
      }
    }
    return options.refinesMasks ? try refined(candidates, predictor) : candidates
  }

  /// The results for the same clicks, with the candidates' masks as mask prompts.
  private func refined(
    _ candidates: [MaskCandidate], _ predictor: ImagePredictor
  ) throws(Failure) -> [MaskCandidate] {
    var refined: [MaskCandidate] = []
    for batch in candidates.batches(of: Self.decoderLimit) {
      let decoded = try predictor.decode(
        clicks: batch.map(\.point), masks: batch.map { MaskPlane.clamped($0.logits) })
      for (row, candidate) in batch.enumerated() {
        for mask in decoded.shownMasks(row, multimask: false, model.configuration) {
          refined.append(decoded.candidate(row, mask, candidate.point))
        }
      }
    }
    return refined
  }
}

extension DecodedMasks {
  fileprivate func candidate(_ row: Int, _ mask: Int, _ point: Prompt.Point) -> MaskCandidate {
    MaskCandidate(
      point: point, logits: logits(row, mask), predictedIoU: predictedIoUs[row].floats()[mask])
  }
}

extension Collection {
  /// The elements in order, `size` at a time; the last batch may have fewer.
  fileprivate func batches(of size: Int) -> [SubSequence] {
    var batches: [SubSequence] = []
    var rest = self[...]
    while !rest.isEmpty {
      batches.append(rest.prefix(size))
      rest = rest.dropFirst(size)
    }
    return batches
  }
}
