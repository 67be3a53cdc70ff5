public import Bytes
public import Media
import ModelInterface
import SAM2Config
public import Tensors

/// An encoded picture, independent of any predictor: it can be kept, stored, and prompted from
/// several threads.
///
///     let embedding = try model.embedding(of: picture)
///     let predictor = ImagePredictor(model)
///     predictor.setImage(embedding)
public struct ImageEmbedding: Sendable {
  let features: ImageFeatures
  /// The decoder's work shared by all prompts without a mask; nil for a model without a decoder.
  let prepared: DecoderImage?
  /// Size of the picture.
  public let width: Int
  public let height: Int

  /// The encoder's output, in the order that `SegmentationModel.embedding(_:width:height:)`
  /// expects.
  public var tensors: [Tensor] { features.tensors }

  /// Bytes of memory it occupies.
  public var byteCount: Int {
    let decoder = prepared.map { [$0.cells, $0.keys, $0.values, $0.queries] } ?? []
    return (tensors + decoder).reduce(0) { $0 + $1.byteCount }
  }
}

extension SegmentationModel {
  /// Encodes `picture` like `ImagePredictor.setImage`, but without a predictor.
  /// - Throws: what running the model throws.
  public func embedding(of picture: RGBImage) throws(Failure) -> ImageEmbedding {
    try embedding(features(of: picture), width: picture.width, height: picture.height)
  }

  /// The embedding of a picture of `width` x `height` from the `tensors` of an earlier embedding.
  /// - Throws: `embedding.shape` when the tensors do not match those this model gives.
  public func embedding(
    _ tensors: [Tensor], width: Int, height: Int
  ) throws(Failure) -> ImageEmbedding {
    let shapes = embeddingShapes
    guard width > 0, height > 0, tensors.map(\.shape) == shapes,
      tensors.allSatisfy({ $0.dtype == .float32 })
    else {
      throw Failure(
        .badInput, code: "embedding.shape", "these tensors are not an embedding of this model",
        hint: "encode the picture again")
    }
    return try embedding(ImageFeatures(tensors), width: width, height: height)
  }

  /// The shapes of `ImageEmbedding.tensors`.
  public var embeddingShapes: [Shape] {
    let (side, width) = (configuration.maskSide, configuration.dModel)
    let coarse: Shape = [1, side / 4, side / 4, width]
    guard configuration.decoder.useHighResFeaturesInSam else { return [coarse, coarse] }
    return [coarse, coarse, [1, side, side, width / 8], [1, side / 2, side / 2, width / 4]]
  }

  /// Bytes of memory that an embedding occupies, or will occupy.
  public var embeddingByteCount: Int {
    let cells = embeddingShapes[0].elementCount
    let decoder = parts.allows(.prompting) ? cells + 3 * cells / 2 : 0
    return 4 * (embeddingShapes.reduce(0) { $0 + $1.elementCount } + decoder)
  }

  private func embedding(
    _ features: ImageFeatures, width: Int, height: Int
  ) throws(Failure) -> ImageEmbedding {
    let prepared =
      parts.allows(.prompting) ? try stages.prepareDecoder(features: features.embedding) : nil
    return ImageEmbedding(features: features, prepared: prepared, width: width, height: height)
  }

  /// The encoder's output for `picture`.
  func features(of picture: RGBImage) throws(Failure) -> ImageFeatures {
    let size = imageSize
    let pixels = pixels {
      Resizer.antialiased(
        picture, into: $0, width: size, height: size, mean: pixelMean,
        standardDeviation: pixelDeviation)
    }
    return try stages.encodeImage(pixels)
  }
}
