import Bytes
import Graph
import SAM2Config

/// `attend_memory`: conditions a frame's features on memories and object pointers.
///
/// features [F, h, w, C] (F is 1 or B), memory [B, M, Cm], memory_position [1, M, Cm], pointers
/// [B, P, C], pointer_positions [P, Cm] -> features [B, h, w, C]. M is a multiple of the number of
/// tokens per memory. The keys of tokens with a place in the image are rotated by it (Su et al.,
/// RoFormer, arXiv 2104.09864, along both axes); pointer tokens are not rotated.
struct MemoryAttentionGraph {
  private static let path = "memory_attention"
  private static let pointers = Dim(Symbol("pointers"))
  /// Number of memories of the single object in `attend_pooled_memory`.
  static let memoryCount = Dim(Symbol("memories"))

  var writer: LayerWriter
  /// Whether the memories' cells are pooled.
  private let pools: Bool
  /// Number of sets of features, and of sets of memories.
  private let images: Dim
  private let objects: Dim
  /// Number of tokens in all memories of an object.
  private let memories: Dim
  private let cells: Dim
  let width: Dim
  /// Cosines and sines of the cells, [h * w, C / 2].
  private let rotation: Rotation
  /// The same for the tokens of one memory, [T, C / 2].
  private let memoryRotation: Rotation
  /// Position code of the features' cells, [1, h * w, C].
  private let positions: ValueID

  static func graph(
    _ configuration: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    try graph("attend_memory", configuration, tensors, pools: false)
  }

  /// `attend_pooled_memory`.
  static func pooledGraph(
    _ configuration: ModelConfiguration, _ tensors: OfficialTensors
  ) throws(Failure) -> Graph {
    try graph("attend_pooled_memory", configuration, tensors, pools: true)
  }

  private static func graph(
    _ name: String, _ configuration: ModelConfiguration, _ tensors: OfficialTensors, pools: Bool
  ) throws(Failure) -> Graph {
    var attention = try MemoryAttentionGraph(name, configuration, tensors, pools: pools)
    try attention.write()
    return attention.writer.graph
  }

  private init(
    _ name: String, _ configuration: ModelConfiguration, _ tensors: OfficialTensors, pools: Bool
  ) throws(Failure) {
    var writer = LayerWriter(name, configuration, tensors)
    self.pools = pools
    images = pools ? 1 : Dim(Symbol("features"))
    objects = pools ? 1 : Dim(Symbol("objects"))
    memories =
      pools ? Self.memoryCount * configuration.memoryTokens.count : Dim(Symbol("memory"))
    cells = Dim(constant: configuration.featureSide * configuration.featureSide)
    width = Dim(constant: configuration.dModel)
    positions = try writer.sinePositions(
      side: configuration.featureSide, channels: configuration.dModel)
    rotation = (
      try Self.rotaryTable(.cosine, side: configuration.featureSide, &writer),
      try Self.rotaryTable(.sine, side: configuration.featureSide, &writer)
    )
    memoryRotation = try Self.memoryRotation(like: rotation, &writer)
    self.writer = writer
  }

  private typealias Rotation = (cosine: ValueID, sine: ValueID)

  /// Rotates tokens by their places in the grid of a memory; those without a place stay unrotated.
  private static func memoryRotation(
    like cells: Rotation, _ writer: inout LayerWriter
  ) throws(Failure) -> Rotation {
    let tokens = writer.configuration.memoryTokens
    guard !tokens.areAllRotated else { return cells }
    let shape = [
      Dim(constant: tokens.count - tokens.rotatedCount),
      Dim(constant: writer.configuration.dModel / 2),
    ]
    func table(_ part: RotaryTable.Part, unrotated: Float) throws(Failure) -> ValueID {
      let placed = try rotaryTable(part, side: tokens.gridSide, &writer)
      let rest = try writer.add(.fill(unrotated, shape), label: "\(path).rotary")
      return try writer.concat([placed, rest], axis: 0, label: "\(path).rotary")
    }
    return (try table(.cosine, unrotated: 1), try table(.sine, unrotated: 0))
  }

  /// The table for a square grid; all heads rotate alike, so one head's columns repeat.
  private static func rotaryTable(
    _ part: RotaryTable.Part, side: Int, _ writer: inout LayerWriter
  ) throws(Failure) -> ValueID {
    let c = writer.configuration
    let label = "\(path).rotary"
    let table = RotaryTable(
      height: side, width: side, pairs: c.dModel / c.memory.attention.heads / 2,
      theta: Float(c.memory.attention.ropeTheta), part: part)
    let head = try writer.add(.rotaryTable(table), label: label)
    guard c.memory.attention.heads > 1 else { return head }
    let heads = Array(repeating: head, count: c.memory.attention.heads)
    return try writer.concat(heads, axis: 1, label: label)
  }

  private mutating func write() throws(Failure) {
    let c = writer.configuration
    let side = Dim(constant: c.featureSide)
    let features = writer.input("features", images, side, side, width)
    let (tokens, keyTokens) = try memoryTokens()
    var x = try writer.reshape(
      features, images, cells, width, label: "\(Self.path).curr")
    if c.memory.attention.posEncAtInput {
      let share = try writer.add(
        .affine(scale: 0.1, offset: 0), positions, label: "\(Self.path).curr_pos")
      x = try writer.sum(x, share, label: "\(Self.path).curr_pos")
    }
    for index in 0..<c.memory.attention.layers {
      x = try layer(
        x, isFirst: index == 0, keys: keyTokens, values: tokens, "\(Self.path).layers.\(index)")
    }
    x = try writer.norm(x, "\(Self.path).norm", epsilon: 1e-5)
    writer.output(
      "features", try writer.reshape(x, objects, side, side, width, label: Self.path))
  }

  // MARK: - Memory tokens

  /// Memories followed by pointers, each pointer split into tokens of the memory's width:
  /// [B, M + P C / Cm, Cm], without and with position codes.
  private mutating func memoryTokens() throws(Failure) -> (values: ValueID, keys: ValueID) {
    let c = writer.configuration
    let (channels, cuts) = (Dim(constant: c.memory.dim), Dim(constant: c.tokensPerPointer))
    let memory = try memoryInput("memory", sets: objects)
    let memoryPosition = try memoryInput("memory_position", sets: 1)
    let pointers = writer.input("pointers", objects, Self.pointers, width)
    let pointerPositions = writer.input("pointer_positions", Self.pointers, channels)

    let label = "\(Self.path).memory"
    let cut = try writer.reshape(pointers, objects, pointerTokens, channels, label: label)
    let tokens = try writer.concat([memory, cut], axis: 1, label: label)
    guard c.memory.attention.posEncAtCrossAttnKeys else { return (tokens, tokens) }

    var repeated = try writer.reshape(pointerPositions, Self.pointers, 1, channels, label: label)
    repeated = try writer.broadcast(repeated, Self.pointers, cuts, channels, label: label)
    repeated = try writer.reshape(repeated, 1, pointerTokens, channels, label: label)
    let positions = try writer.concat([memoryPosition, repeated], axis: 1, label: label)
    return (tokens, try writer.sum(tokens, positions, label: label))
  }

  /// Number of tokens that the pointers of an object are split into.
  var pointerTokens: Dim { Self.pointers * writer.configuration.tokensPerPointer }

  /// [sets, M, Cm].
  private mutating func memoryInput(_ name: String, sets: Dim) throws(Failure) -> ValueID {
    let channels = Dim(constant: writer.configuration.memory.dim)
    guard pools else { return writer.input(name, sets, memories, channels) }
    let maps = writer.input(name, Self.memoryCount, cells, channels)
    return try writer.reshape(maps, sets, memories, channels, label: "\(Self.path).memory")
  }

  // MARK: - One layer

  /// Attention of the cells to themselves and to the memory, then a perceptron.
  ///
  /// The first layer is the same for all objects up to its attention to the memory, so for a shared
  /// frame that part runs once: features and queries are repeated only where objects differ.
  private mutating func layer(
    _ x: ValueID, isFirst: Bool, keys: ValueID, values: ValueID, _ path: String
  ) throws(Failure) -> ValueID {
    let c = writer.configuration
    var y = try writer.norm(x, "\(path).norm1", epsilon: 1e-5)
    let own = c.memory.attention.posEncAtAttn ? try writer.sum(y, positions, label: path) : y
    y = try attention(
      rotatedQueries(own, "\(path).self_attn"), own, y, rotatedKeys: cells, by: rotation,
      "\(path).self_attn")
    var x = try writer.sum(x, y, label: path)

    y = try writer.norm(x, "\(path).norm2", epsilon: 1e-5)
    if c.memory.attention.posEncAtCrossAttnQueries { y = try writer.sum(y, positions, label: path) }
    var queries = try rotatedQueries(y, "\(path).cross_attn_image")
    if isFirst {
      queries = try writer.broadcast(queries, objects, cells, width, label: path)
      x = try writer.broadcast(x, objects, cells, width, label: path)
    }
    y = try attention(
      queries, keys, values, rotatedKeys: memories, by: memoryRotation,
      "\(path).cross_attn_image")
    x = try writer.sum(x, y, label: path)

    y = try writer.norm(x, "\(path).norm3", epsilon: 1e-5)
    y = try writer.linear(y, "\(path).linear1")
    y = try writer.activation(.relu, y, label: "\(path).activation")
    y = try writer.linear(y, "\(path).linear2")
    return try writer.sum(x, y, label: path)
  }

  private mutating func rotatedQueries(
    _ x: ValueID, _ path: String
  ) throws(Failure) -> ValueID {
    try rotated(writer.linear(x, "\(path).q_proj"), count: cells, by: rotation, path)
  }

  /// Attention of projected queries to keys; the first `rotatedKeys` keys have rotary positions.
  private mutating func attention(
    _ queries: ValueID, _ key: ValueID, _ value: ValueID, rotatedKeys: Dim, by rotation: Rotation,
    _ path: String
  ) throws(Failure) -> ValueID {
    var k = try writer.linear(key, "\(path).k_proj")
    let v = try writer.linear(value, "\(path).v_proj")
    k = try rotated(k, count: rotatedKeys, by: rotation, path)
    let y =
      pools && rotatedKeys == memories
      ? try pooledAttention(queries, k, v, memories: memories, path)
      : try writer.attention(
        queries, k, v, heads: writer.configuration.memory.attention.heads, label: path)
    return try writer.linear(y, "\(path).out_proj")
  }

  private mutating func rotated(
    _ x: ValueID, count: Dim, by rotation: Rotation, _ path: String
  ) throws(Failure) -> ValueID {
    try writer.add(
      .rotatePairs(rotated: count), x, rotation.cosine, rotation.sine, label: "\(path).rotary")
  }
}
