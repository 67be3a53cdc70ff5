public import Bytes
public import Media
public import Tensors

/// Segments one picture at a time: the picture is encoded once, then each prompt is cheap.
///
///     let model = try SegmentationModel(path: "model.sam2")
///     let predictor = ImagePredictor(model)
///     try predictor.setImage(ImageReader.read("dog.jpg"))
///     let click = Prompt(points: [.init(x: 420, y: 310)])
///     let prediction = try predictor.predict(click)
///     let mask = prediction.mask(prediction.best)
///
/// Matches the reference's `SAM2ImagePredictor`, as `build_sam2` sets it up. Not for use from
/// several threads at once; any number of predictors may share a model.
public final class ImagePredictor {
  public let model: SegmentationModel
  /// How to use the HQ token's mask, which HQ-SAM models have.
  public var maskRefinement = MaskRefinement.added

  private var image: (features: ImageFeatures, width: Int, height: Int)?
  /// The decoder's work on the picture, shared by all prompts without a mask.
  private var prepared: DecoderImage?
  /// Maximum number of prompts decoded in one call; bounds the memory of a call.
  private static let batchLimit = 16

  public init(_ model: SegmentationModel) { self.model = model }

  /// Encodes `picture`; all later prompts refer to it.
  public func setImage(_ picture: RGBImage) throws(Failure) {
    (image, prepared) = (nil, nil)
    image = (try model.features(of: picture), picture.width, picture.height)
  }

  /// Uses a picture that the same model has already encoded.
  public func setImage(_ embedding: ImageEmbedding) {
    image = (embedding.features, embedding.width, embedding.height)
    prepared = embedding.prepared
  }

  /// Forgets the picture and frees its features.
  public func reset() { image = nil }

  /// Features of the picture, [1, S/16, S/16, C], channels last; nil before `setImage`.
  ///
  /// The reference's `get_image_embedding`; as there, the "no memory" embedding is added.
  public var imageEmbedding: Tensor? { image?.features.embedding }

  /// Masks for one prompt; see `predict(_:multimask:)`.
  public func predict(_ prompt: Prompt, multimask: Bool = true) throws(Failure) -> MaskPrediction {
    try predict([prompt], multimask: multimask)[0]
  }

  /// Masks for each prompt; every prompt is about an object of its own.
  ///
  /// With `multimask`, three candidates per prompt, which suits an ambiguous prompt such as a
  /// single click; without it, one mask.
  /// - Throws: `image.not_set`; `prompt.empty`, `prompt.coordinate`, `prompt.label`,
  ///   `prompt.box_order`, `prompt.mask_shape`, `prompt.mask_values`;
  ///   `model.encoder_only` when the model has no decoder; `model.hq_token`.
  public func predict(
    _ prompts: [Prompt], multimask: Bool = true
  ) throws(Failure) -> [MaskPrediction] {
    try model.require(.prompting)
    try model.require(maskRefinement)
    let image = try currentImage()
    var predictions = [MaskPrediction?](repeating: nil, count: prompts.count)
    for batch in try batches(of: prompts, width: image.width, height: image.height) {
      let decoded = try decode(batch.points, masks: batch.masks, image.features)
      for (row, index) in batch.indices.enumerated() {
        predictions[index] = prediction(
          decoded, row: row, multimask: multimask, width: image.width, height: image.height)
      }
    }
    return predictions.compactMap { $0 }
  }

  // MARK: - Batches

  /// Prompts that fit into one decoder call.
  private struct Batch {
    /// Positions in the caller's list.
    var indices: [Int] = []
    var points: [[ModelPoint]] = []
    var masks: [Tensor] = []
  }

  /// Groups prompts by number of points and by whether they have a mask, in order of appearance.
  private func batches(
    of prompts: [Prompt], width: Int, height: Int
  ) throws(Failure) -> [Batch] {
    var batches: [Batch] = []
    for (index, prompt) in prompts.enumerated() {
      do {
        try prompt.validate(imageSize: model.imageSize)
      } catch {
        throw prompts.count == 1 ? error : error.inPrompt(index)
      }
      var points = ModelPoint.scaled(
        points: prompt.points, box: prompt.box, width: width, height: height,
        imageSize: model.imageSize)
      // A mask-only prompt has no sparse tokens at all, not even padding.
      if !points.isEmpty { points.append(.padding) }
      let fitting = batches.lastIndex {
        $0.points.count < ImagePredictor.batchLimit && $0.points[0].count == points.count
          && $0.masks.isEmpty == (prompt.maskLogits == nil)
      }
      if fitting == nil { batches.append(Batch()) }
      let target = fitting ?? batches.count - 1
      batches[target].indices.append(index)
      batches[target].points.append(points)
      if let mask = prompt.maskLogits { batches[target].masks.append(mask) }
    }
    return batches
  }

  /// All masks for prompts of one positive click each, in pixels of the picture; `masks` holds a
  /// mask prompt [S/4, S/4] for each click, or is empty.
  func decode(clicks: [Prompt.Point], masks: [Tensor] = []) throws(Failure) -> DecodedMasks {
    let image = try currentImage()
    let points = clicks.map { click in
      ModelPoint.scaled(
        points: [click], box: nil, width: image.width, height: image.height,
        imageSize: model.imageSize) + [.padding]
    }
    return try decode(points, masks: masks, image.features)
  }

  private func currentImage() throws(Failure) -> (
    features: ImageFeatures, width: Int, height: Int
  ) {
    guard let image else {
      throw Failure(
        .usage, code: "image.not_set", "there is no picture to segment",
        hint: "call setImage before predict")
    }
    return image
  }

  /// Decodes prompts with the same number of points, padding included.
  private func decode(
    _ points: [[ModelPoint]], masks: [Tensor], _ image: ImageFeatures
  ) throws(Failure) -> DecodedMasks {
    let sparse = try model.stages.encodePoints(points, width: image.width)
    let operands = try decoderImage(image, masks: masks)
    return try model.stages.decode(operands, image: image, sparse: sparse)
  }

  private func decoderImage(
    _ image: ImageFeatures, masks: [Tensor]
  ) throws(Failure) -> DecoderImage {
    guard masks.isEmpty else {
      try model.require(.maskPrompting)
      let side = model.imageSize / 4
      let dense = try model.stages.encodeMaskPrompt(
        Tensor(masks.flatMap { $0.floats() }, shape: Shape([masks.count, side, side, 1])))
      return try model.stages.prepareDecoder(features: image.embedding, dense: dense)
    }
    if let prepared { return prepared }
    let new = try model.stages.prepareDecoder(features: image.embedding)
    prepared = new
    return new
  }

  /// The masks of row `row` that the caller sees.
  private func prediction(
    _ decoded: DecodedMasks, row: Int, multimask: Bool, width: Int, height: Int
  ) -> MaskPrediction {
    let ious = decoded.predictedIoUs[row].floats()
    let shown = decoded.shownMasks(row, multimask: multimask, model.configuration)
    let plane = decoded.masks.shape.dimensions.suffix(2)
    return MaskPrediction(
      lowResolutionLogits: Tensor(
        shown.flatMap { decoded.logits(row, $0, maskRefinement).floats() },
        shape: Shape([shown.count] + plane)),
      predictedIoUs: shown.map { ious[$0] }, objectScore: decoded.objectScores[row].floats()[0],
      width: width, height: height)
  }
}

extension Failure {
  /// The same failure, naming which of several prompts it concerns.
  fileprivate func inPrompt(_ index: Int) -> Failure {
    var copy = self
    copy.place = "prompt \(index)" + (place.map { ", \($0)" } ?? "")
    return copy
  }
}
