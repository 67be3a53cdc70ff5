import Bytes
import Graph
import SAM2Config

/// `encode_prompts` and `encode_mask_prompt`: SAM's prompt encoder.
enum PromptEncoderGraphs {
  private static let path = "sam_prompt_encoder"

  /// points [B, N, 2] (x, y in pixels of the input), label_indices int32 [B, N] (label + 1: 0 for
  /// padding, 1 background, 2 foreground, 3 and 4 corners of a box) -> sparse [B, N, C].
  ///
  /// A point's code is the Fourier code of its centre plus its label's embedding; for "no point" it
  /// is the embedding alone.
  static func points(
    _ c: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("encode_prompts", c, tensors)
    let (objects, count) = (Dim(Symbol("objects")), Dim(Symbol("points")))
    let points = writer.input("points", objects, count, 2)
    let labels = writer.input("label_indices", objects, count, element: .int32)

    let scale = 1 / Float(c.imageSize)
    let centred = try writer.add(
      .affine(scale: scale, offset: 0.5 * scale), points, label: "\(path).pe_layer")
    let matrix = try writer.weight("\(path).pe_layer.positional_encoding_gaussian_matrix")
    let code = try writer.add(.fourierFeatures, centred, matrix, label: "\(path).pe_layer")

    let none = try writer.add(.fill(0, [1, 1]), label: "\(path).is_a_point")
    let some = try writer.add(.fill(1, [4, 1]), label: "\(path).is_a_point")
    let table = try writer.concat([none, some], axis: 0, label: "\(path).is_a_point")
    let isPoint = try writer.add(.gather, table, labels, label: "\(path).is_a_point")
    let kept = try writer.add(.multiply, code, isPoint, label: "\(path).is_a_point")

    var embeddings = [try writer.weight("\(path).not_a_point_embed.weight")]
    for label in 0..<4 {
      embeddings.append(try writer.weight("\(path).point_embeddings.\(label).weight"))
    }
    let labelTable = try writer.concat(embeddings, axis: 0, label: "\(path).point_embeddings")
    let embedding = try writer.add(.gather, labelTable, labels, label: "\(path).point_embeddings")
    writer.output("sparse", try writer.sum(kept, embedding, label: path))
    return writer.graph
  }

  /// mask [B, 4h, 4w, 1] (logits) -> dense [B, h, w, C].
  static func mask(
    _ c: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    var writer = LayerWriter("encode_mask_prompt", c, tensors)
    let side = Dim(constant: c.maskSide)
    var x = writer.input("mask", Dim(Symbol("objects")), side, side, 1)
    let layers = "\(path).mask_downscaling"
    for index in [0, 3] {
      x = try writer.convolution(x, "\(layers).\(index)", stride: 2)
      x = try writer.norm(x, "\(layers).\(index + 1)", epsilon: 1e-6)
      x = try writer.activation(.gelu, x, label: "\(layers).\(index + 2)")
    }
    writer.output("dense", try writer.linear(x, "\(layers).6"))
    return writer.graph
  }
}
