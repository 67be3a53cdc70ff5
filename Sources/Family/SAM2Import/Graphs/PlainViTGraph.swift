import Bytes
import Graph
import SAM2Config

/// A plain vision transformer with attention in windows and over the whole map (Li et al.,
/// arXiv 2203.16527).
struct PlainViTGraph {
  private static let normEpsilon: Float = 1e-6
  private static let path = "image_encoder.trunk"

  private let vit: PlainViT
  private var writer: LayerWriter

  /// The map after the last block, [1, h, w, C].
  static func map(
    of image: ValueID, _ vit: PlainViT, _ writer: inout LayerWriter
  ) throws(Failure) -> ValueID {
    var trunk = PlainViTGraph(vit: vit, writer: writer)
    var x = try trunk.patches(image)
    for index in 0..<vit.depth {
      x = try trunk.block(x, window: vit.window(block: index), "\(path).blocks.\(index)")
    }
    writer = trunk.writer
    return x
  }

  private mutating func patches(_ image: ValueID) throws(Failure) -> ValueID {
    let embedded = try writer.convolution(
      image, "\(Self.path).patch_embed.proj", stride: PlainViT.patchSize)
    return try writer.sum(embedded, try positions(), label: "\(Self.path).pos_embed")
  }

  /// The stored embedding without the class token's, resized to the map: [1, h, w, C].
  private mutating func positions() throws(Failure) -> ValueID {
    let label = "\(Self.path).pos_embed"
    let (stored, side) = (vit.positionSide, writer.configuration.imageSize / PlainViT.patchSize)
    let places = try writer.slice(
      try writer.weight(label), axis: 1, start: 1, count: stored * stored, label: label)
    let grid = Dim(constant: stored)
    let map = try writer.reshape(
      places, 1, grid, grid, Dim(constant: vit.embedDim), label: label)
    if stored == side { return map }
    return try writer.add(
      .resize(Resize(.bicubic, height: side, width: side)), map, label: label)
  }

  private mutating func block(
    _ x: ValueID, window: Int, _ path: String
  ) throws(Failure) -> ValueID {
    let normed = try writer.norm(x, "\(path).norm1", epsilon: Self.normEpsilon)
    let attended = try windowAttention(normed, window: window, path)
    let y = try writer.sum(x, attended, label: path)
    let inner = try writer.norm(y, "\(path).norm2", epsilon: Self.normEpsilon)
    let hidden = try writer.perceptron(inner, "\(path).mlp", layers: 2, .gelu)
    return try writer.sum(y, hidden, label: path)
  }

  private mutating func windowAttention(
    _ x: ValueID, window: Int, _ path: String
  ) throws(Failure) -> ValueID {
    guard window > 0 else { return try attention(x, "\(path).attn") }
    let shape = writer.shape(of: x)
    let windows = try writer.add(
      .windowPartition(window: window), x, label: "\(path).window_partition")
    let attended = try attention(windows, "\(path).attn")
    return try writer.add(
      .windowMerge(window: window, height: shape[1].constant, width: shape[2].constant),
      attended, label: "\(path).window_unpartition")
  }

  /// x [B, H, W, C] -> [B, H, W, C].
  private mutating func attention(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    let projected = try writer.linear(x, "\(path).qkv")
    let (shape, width) = (writer.shape(of: x), vit.embedDim)
    var parts: [ValueID] = []
    for part in 0..<3 {
      let map = try writer.slice(
        projected, axis: 3, start: part * width, count: width, label: path)
      parts.append(
        try writer.reshape(map, shape[0], shape[1] * shape[2].constant, shape[3], label: path))
    }
    let attended = try writer.attention(
      parts[0], parts[1], parts[2], heads: vit.numHeads, label: path)
    let map = try writer.add(.reshape(shape), attended, label: path)
    return try writer.linear(map, "\(path).proj")
  }
}
