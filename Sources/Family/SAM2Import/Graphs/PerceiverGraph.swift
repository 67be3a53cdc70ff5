import Bytes
import Graph
import SAM2Config

/// The spatial perceiver of EdgeTAM (Zhou et al., arXiv 2501.07256), which reduces a memory to a
/// few tokens.
///
/// Two kinds of latents pass through the same layers. Window latents each look at the cells of one
/// window and keep its place; the others look at all cells and have no place.
struct PerceiverGraph {
  private static let path = "spatial_perceiver"
  private static let epsilon: Float = 1e-5

  private let perceiver: ModelConfiguration.Memory.Perceiver
  /// Number of items in the batch.
  private let objects: Dim
  private let channels: Dim
  private var writer: LayerWriter

  /// memory [B, h * w, Cm] -> [B, T, Cm], window tokens first, as in `memoryTokens`.
  static func tokens(
    of memory: ValueID, _ perceiver: ModelConfiguration.Memory.Perceiver,
    _ writer: inout LayerWriter
  ) throws(Failure) -> ValueID {
    let shape = writer.shape(of: memory)
    var graph = PerceiverGraph(
      perceiver: perceiver, objects: shape[0], channels: shape[2], writer: writer)
    let placed = try graph.windowTokens(memory)
    let free = try graph.freeTokens(memory)
    writer = graph.writer
    return try writer.concat([placed, free], axis: 1, label: path)
  }

  // MARK: - Two kinds of latents

  /// Tokens that look at all cells, the keys and values of which include position codes.
  private mutating func freeTokens(_ memory: ValueID) throws(Failure) -> ValueID {
    let side = writer.configuration.featureSide
    let positions = try writer.sinePositions(
      side: side, channels: writer.configuration.memory.dim)
    let latents = try writer.broadcast(
      writer.weight("\(Self.path).latents"), objects, Dim(constant: perceiver.latents), channels,
      label: "\(Self.path).latents")
    return try layers(latents, memory, positions: positions, attendsToOthers: true)
  }

  /// Tokens that each look at the cells of one window, without position codes.
  private mutating func windowTokens(_ memory: ValueID) throws(Failure) -> ValueID {
    let (side, label) = (writer.configuration.featureSide, "\(Self.path).latents_2d")
    let (plane, count) = (Dim(constant: side), perceiver.latents2D)
    let window = side / perceiver.gridSide
    let map = try writer.reshape(memory, objects, plane, plane, channels, label: label)
    let windows = try writer.add(.windowPartition(window: window), map, label: label)
    let cells = try writer.reshape(
      windows, objects * count, Dim(constant: window * window), channels, label: label)
    var latents = try writer.broadcast(
      writer.weight(label), objects, Dim(constant: count), channels, label: label)
    latents = try writer.reshape(latents, objects * count, 1, channels, label: label)
    let tokens = try layers(latents, cells, positions: nil, attendsToOthers: false)
    return try writer.reshape(tokens, objects, Dim(constant: count), channels, label: label)
  }

  // MARK: - Layers

  private mutating func layers(
    _ latents: ValueID, _ cells: ValueID, positions: ValueID?, attendsToOthers: Bool
  ) throws(Failure) -> ValueID {
    var x = latents
    for index in 0..<perceiver.layers {
      let path = "\(Self.path).layers.\(index)"
      x = try writer.sum(
        try crossAttention(x, cells, positions: positions, "\(path).attn"), x, label: path)
      x = try writer.sum(try perceptron(x, "\(path).ff"), x, label: path)
      let own =
        attendsToOthers
        ? try selfAttention(x, "\(path).self_attn")
        : try loneAttention(x, "\(path).self_attn")
      x = try writer.sum(own, x, label: path)
      x = try writer.sum(try perceptron(x, "\(path).self_ff"), x, label: path)
    }
    return try writer.norm(x, "\(Self.path).norm", epsilon: Self.epsilon)
  }

  private mutating func crossAttention(
    _ latents: ValueID, _ cells: ValueID, positions: ValueID?, _ path: String
  ) throws(Failure) -> ValueID {
    let normed = try writer.norm(latents, "\(path).norm_latents", epsilon: Self.epsilon)
    let queries = try writer.bareLinear(normed, "\(path).to_q")
    let source = try writer.norm(cells, "\(path).norm_x", epsilon: Self.epsilon)
    var (keys, values) = try keysAndValues(of: source, path)
    if let positions {
      keys = try writer.sum(keys, positions, label: path)
      values = try writer.sum(values, positions, label: path)
    }
    return try output(of: try attention(queries, keys, values, path), path)
  }

  private mutating func selfAttention(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    let normed = try writer.norm(x, "\(path).norm", epsilon: Self.epsilon)
    let queries = try writer.bareLinear(normed, "\(path).to_q")
    let (keys, values) = try keysAndValues(of: normed, path)
    return try output(of: try attention(queries, keys, values, path), path)
  }

  /// Attention of a token to itself alone: the weight is 1 for any queries and keys.
  private mutating func loneAttention(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    let normed = try writer.norm(x, "\(path).norm", epsilon: Self.epsilon)
    return try output(of: try keysAndValues(of: normed, path).values, path)
  }

  private mutating func keysAndValues(
    of x: ValueID, _ path: String
  ) throws(Failure) -> (keys: ValueID, values: ValueID) {
    let both = try writer.bareLinear(x, "\(path).to_kv")
    let width = channels.constant
    return (
      try writer.slice(both, axis: 2, start: 0, count: width, label: path),
      try writer.slice(both, axis: 2, start: width, count: width, label: path)
    )
  }

  private mutating func attention(
    _ queries: ValueID, _ keys: ValueID, _ values: ValueID, _ path: String
  ) throws(Failure) -> ValueID {
    try writer.attention(queries, keys, values, heads: perceiver.heads, label: path)
  }

  private mutating func output(of x: ValueID, _ path: String) throws(Failure) -> ValueID {
    try writer.bareLinear(x, "\(path).to_out")
  }

  private mutating func perceptron(_ x: ValueID, _ path: String) throws(Failure) -> ValueID {
    var y = try writer.norm(x, "\(path).0", epsilon: Self.epsilon)
    y = try writer.bareLinear(y, "\(path).1")
    y = try writer.activation(.gelu, y, label: "\(path).2")
    return try writer.bareLinear(y, "\(path).3")
  }
}
