import Bytes
import Graph
import SAM2Config

/// A Hiera trunk (Ryali et al., arXiv 2306.00989).
struct HieraGraph {
  private static let normEpsilon: Float = 1e-6
  private static let path = "image_encoder.trunk"

  private let hiera: Hiera
  private var writer: LayerWriter

  /// The map after each stage, finest first.
  static func maps(
    of image: ValueID, _ hiera: Hiera, _ writer: inout LayerWriter
  ) throws(Failure) -> [ValueID] {
    var trunk = HieraGraph(hiera: hiera, writer: writer)
    let maps = try trunk.stages(of: try trunk.patches(image))
    writer = trunk.writer
    return maps
  }

  // MARK: - Patches and their positions

  private mutating func patches(_ image: ValueID) throws(Failure) -> ValueID {
    let embedded = try writer.convolution(
      image, "\(Self.path).patch_embed.proj", stride: 4, padding: 3)
    let position = try positionEmbedding(side: writer.configuration.imageSize / 4)
    return try writer.sum(embedded, position, label: "\(Self.path).pos_embed")
  }

  /// The background embedding resized to the map, plus the window embedding in every window.
  ///
  /// [1, side, side, C]; Bolya et al., "Window Attention is Bugged", arXiv 2311.05613.
  private mutating func positionEmbedding(side: Int) throws(Failure) -> ValueID {
    let background = "\(Self.path).pos_embed"
    let window = "\(Self.path).pos_embed_window"
    let toChannelsLast = Op.transpose([0, 2, 3, 1])
    let stored = try writer.add(toChannelsLast, try writer.weight(background), label: background)
    let resized = try writer.add(
      .resize(Resize(.bicubic, height: side, width: side)), stored, label: background)

    let windowSide = hiera.windowSpec[0]
    let (w, n) = (Dim(constant: windowSide), Dim(constant: side / windowSide))
    let (width, full) = (Dim(constant: hiera.embedDim), Dim(constant: side))
    var tiled = try writer.add(toChannelsLast, try writer.weight(window), label: window)
    tiled = try writer.reshape(tiled, 1, 1, w, 1, w, width, label: window)
    tiled = try writer.broadcast(tiled, 1, n, w, n, w, width, label: window)
    tiled = try writer.reshape(tiled, 1, full, full, width, label: window)
    return try writer.sum(resized, tiled, label: background)
  }

  // MARK: - Blocks

  private mutating func stages(of patches: ValueID) throws(Failure) -> [ValueID] {
    var x = patches
    var ends: [ValueID] = []
    for (index, block) in hiera.blocks.enumerated() {
      x = try self.block(x, block, "\(Self.path).blocks.\(index)")
      if block.endedStage != nil { ends.append(x) }
    }
    return ends
  }

  private mutating func block(
    _ x: ValueID, _ block: Hiera.Block, _ path: String
  ) throws(Failure) -> ValueID {
    let normed = try writer.norm(x, "\(path).norm1", epsilon: Self.normEpsilon)
    var shortcut = x
    if block.inputWidth != block.outputWidth {
      shortcut = try writer.linear(normed, "\(path).proj")
      if block.pools { shortcut = try writer.add(.maxPool(window: 2), shortcut, label: path) }
    }
    let attended = try windowAttention(normed, block, path, like: shortcut)
    let y = try writer.sum(shortcut, attended, label: path)
    let inner = try writer.norm(y, "\(path).norm2", epsilon: Self.normEpsilon)
    let hidden = try writer.perceptron(inner, "\(path).mlp", layers: 2, .gelu)
    return try writer.sum(y, hidden, label: path)
  }

  /// Attention within windows (or over the whole map), with its result laid out like `target`.
  private mutating func windowAttention(
    _ x: ValueID, _ block: Hiera.Block, _ path: String, like target: ValueID
  ) throws(Failure) -> ValueID {
    guard block.window > 0 else { return try attention(x, block, "\(path).attn") }
    let windows = try writer.add(
      .windowPartition(window: block.window), x, label: "\(path).window_partition")
    let attended = try attention(windows, block, "\(path).attn")
    let shape = writer.shape(of: target)
    return try writer.add(
      .windowMerge(
        window: block.pools ? block.window / 2 : block.window, height: shape[1].constant,
        width: shape[2].constant),
      attended, label: "\(path).window_unpartition")
  }

  /// x [B, H, W, C] -> [B, H', W', C'], with queries pooled where the block pools.
  private mutating func attention(
    _ x: ValueID, _ block: Hiera.Block, _ path: String
  ) throws(Failure) -> ValueID {
    let projected = try writer.linear(x, "\(path).qkv")
    let width = block.outputWidth
    var parts: [ValueID] = []
    for part in 0..<3 {
      parts.append(
        try writer.slice(projected, axis: 3, start: part * width, count: width, label: path))
    }
    if block.pools { parts[0] = try writer.add(.maxPool(window: 2), parts[0], label: path) }
    let result = writer.shape(of: parts[0])
    for part in 0..<3 {
      let s = writer.shape(of: parts[part])
      parts[part] = try writer.reshape(
        parts[part], s[0], s[1] * s[2].constant, s[3], label: path)
    }
    let attended = try writer.attention(
      parts[0], parts[1], parts[2], heads: block.heads, label: path)
    let map = try writer.add(.reshape(result), attended, label: path)
    return try writer.linear(map, "\(path).proj")
  }
}
