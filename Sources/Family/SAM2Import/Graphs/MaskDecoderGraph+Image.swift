import Bytes
import Graph
import SAM2Config

/// Projections of the image in one layer of the decoder's transformer, each [B, h * w, C / 2].
struct ImageProjections {
  /// Keys and values that tokens attend to.
  let keys: ValueID
  let values: ValueID
  /// Queries of the cells, for attending back to the tokens.
  let queries: ValueID
}

/// The image side of the decoder, before the first prompt.
struct PreparedImage {
  /// Features plus the dense prompt, [B, h * w, C].
  let cells: ValueID
  /// Projections of the first layer.
  let projections: ImageProjections
}

extension MaskDecoderGraph {
  /// `prepare_decoder`.
  static func preparation(
    _ configuration: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var decoder = MaskDecoderGraph("prepare_decoder", configuration, tensors)
    try decoder.writePreparation()
    return decoder.writer.graph
  }

  private mutating func writePreparation() throws(Failure) {
    let features = writer.input("features", Self.images, side, side, width)
    let dense = writer.input("dense", Dim(Symbol("dense")), side, side, width)
    let label = "\(Self.path).src"
    let prompt = try writer.broadcast(dense, Self.images, side, side, width, label: label)
    let sum = try writer.sum(features, prompt, label: label)
    let image = try writer.reshape(sum, Self.images, cells, width, label: label)
    let projections = try project(image, try imagePositions(), Self.layerPath(0))
    writer.output("image", image)
    writer.output("image_keys", projections.keys)
    writer.output("image_values", projections.values)
    writer.output("image_queries", projections.queries)
  }

  /// The results of `prepare_decoder` as operands, repeated for the prompts that share them.
  mutating func preparedImage() throws(Failure) -> PreparedImage {
    let half = Dim(constant: configuration.dModel / Self.downsampling)
    let image = try shared("image", width)
    return PreparedImage(
      cells: image,
      projections: ImageProjections(
        keys: try shared("image_keys", half), values: try shared("image_values", half),
        queries: try shared("image_queries", half)))
  }

  /// `attention_downsample_rate` of the reference's transformer.
  private static let downsampling = 2

  private mutating func shared(_ name: String, _ channels: Dim) throws(Failure) -> ValueID {
    let one = writer.input(name, Self.images, cells, channels)
    return try writer.broadcast(one, Self.objects, cells, channels, label: "\(Self.path).src")
  }

  static func layerPath(_ index: Int) -> String { "\(transformer).layers.\(index)" }

  /// Projections of `image` for the layer at `path`; keys and queries include position codes.
  mutating func project(
    _ image: ValueID, _ positions: ValueID, _ path: String
  ) throws(Failure) -> ImageProjections {
    let coded = try writer.sum(image, positions, label: path)
    let attended = "\(path).cross_attn_token_to_image"
    return ImageProjections(
      keys: try writer.linear(coded, "\(attended).k_proj"),
      values: try writer.linear(image, "\(attended).v_proj"),
      queries: try writer.linear(coded, "\(path).cross_attn_image_to_token.q_proj"))
  }
}
