import Bytes
import DetectorConfig
import Graph

/// A picture to one box per patch, before the patch's position is added, and to the class features
/// of the boxes.
enum PictureGraph {
  static func graph(_ c: DetectorConfiguration) throws(Failure) -> Graph {
    var writer = TowerWriter(.findBoxes, c)
    let image = writer.inputs(.findBoxes)[0]
    let features = try features(of: image, &writer)
    writer.output("boxes", try head(features, "box_head", &writer))
    if c.kind.hasObjectness {
      writer.output("objectness", try head(features, "objectness_head", &writer))
    }
    writer.output("classes", try writer.linear(features, "class_head.dense0"))
    writer.output("shift", try writer.linear(features, "class_head.logit_shift"))
    writer.output("scale", try writer.linear(features, "class_head.logit_scale"))
    return writer.graph
  }

  /// Features of all patches, [1, n, C].
  private static func features(
    of image: ValueID, _ writer: inout TowerWriter
  ) throws(Failure) -> ValueID {
    let (c, path) = (writer.configuration, "\(writer.root).vision_model")
    let epsilon = c.vision.normEpsilon
    var x = try writer.norm(try tokens(of: image, &writer), "\(path).pre_layernorm", epsilon)
    x = try writer.layers(of: x, path, c.vision) {
      (writer, query, key, value, label) throws(Failure) in
      let scale = 1 / Float(c.vision.width / c.vision.heads).squareRoot()
      return try writer.add(
        .attention(heads: c.vision.heads, scale: scale), query, key, value, label: label)
    }
    x = try writer.norm(x, "\(path).post_layernorm", epsilon)
    let label = "layer_norm"
    let picture = try writer.slice(x, axis: 1, start: 0, count: 1, label: label)
    let patches = try writer.slice(x, axis: 1, start: 1, count: c.boxCount, label: label)
    let merged = try writer.add(.multiply, patches, picture, label: label)
    return try writer.norm(merged, label, epsilon)
  }

  /// The picture's token, then the patches' tokens, with their positions.
  private static func tokens(
    of image: ValueID, _ writer: inout TowerWriter
  ) throws(Failure) -> ValueID {
    let (c, path) = (writer.configuration, "\(writer.root).vision_model.embeddings")
    let width = Dim(constant: c.vision.width)
    let convolution = Convolution(kernel: c.patchSize, stride: c.patchSize, hasBias: false)
    let map = try writer.add(
      .conv2d(convolution), image, try writer.weight("\(path).patch_embedding.weight"),
      label: "\(path).patch_embedding")
    let patches = try writer.add(
      .reshape([1, Dim(constant: c.boxCount), width]), map, label: "\(path).patch_embedding")
    let picture = try writer.add(
      .reshape([1, 1, width]), try writer.weight("\(path).class_embedding"), label: path)
    let tokens = try writer.add(.concat(axis: 1), picture, patches, label: path)
    let positions = try writer.weight("\(path).position_embedding.weight")
    return try writer.add(.add, tokens, positions, label: path)
  }

  private static func head(
    _ x: ValueID, _ path: String, _ writer: inout TowerWriter
  ) throws(Failure) -> ValueID {
    var x = x
    for layer in ["dense0", "dense1"] {
      let hidden = try writer.linear(x, "\(path).\(layer)")
      x = try writer.add(.activation(.gelu), hidden, label: "\(path).gelu")
    }
    return try writer.linear(x, "\(path).dense2")
  }
}
