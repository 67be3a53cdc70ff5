internal import Graph

/// The layout that an operator's weights are packed in, and the operands that are in the packed form.
enum PackedKind: Hashable {
  case linear
  case quantizedLinear
  case convolution
  case depthwise
  case transposedConvolution(stride: Int)
  case axialProjection(AxialGrid)

  /// Nil when the operator has no packed operands.
  init?(_ op: Op) {
    switch op {
    case .linear: self = .linear
    case .quantizedLinear: self = .quantizedLinear
    case .conv2d(let p): self = p.groups == 1 ? .convolution : .depthwise
    case .convTranspose2d(let stride): self = .transposedConvolution(stride: stride)
    case .axialAttention(let p): self = .axialProjection(AxialGrid(p))
    case .matmulTransposed, .attention, .quantizedAttention, .layerNorm, .batchNorm, .activation,
      .add, .multiply, .affine, .rotatePairs, .dequantize, .maxPool, .averagePool, .resize,
      .windowPartition, .windowMerge, .reshape, .transpose, .concat, .slice, .broadcast, .gather,
      .fourierFeatures,
      .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable, .fill:
      return nil
    }
  }

  /// Operands replaced by the packed form.
  var operands: Range<Int> {
    switch self {
    case .linear, .convolution, .depthwise: 1..<2
    case .quantizedLinear, .transposedConvolution: 1..<3
    case .axialProjection(let grid): 3..<(grid.hasBias ? 6 : 5)
    }
  }
}

/// Origin of an operand that is packed: a weight, or an int8 weight times its scale.
struct PackedSource: Hashable {
  let name: String
  var scale: String?

  /// Nil when the operand is neither.
  init?(_ operand: ValueID, in graph: Graph) {
    if let name = graph.weightName(operand) {
      self.name = name
      return
    }
    guard case .node(let index) = graph[operand].definition,
      graph.nodes[index].op == .dequantize,
      let name = graph.weightName(graph.nodes[index].operands[0]),
      let scale = graph.weightName(graph.nodes[index].operands[1])
    else { return nil }
    self.name = name
    self.scale = scale
  }
}

/// Identifies a packed weight: two operators share one only if they pack the same weights alike.
struct PackedKey: Hashable {
  let kind: PackedKind
  let sources: [PackedSource]
}

/// Identifies a projection packed head by head.
struct PackedHeadsKey: Hashable {
  let direction: PackedHeads.Direction
  let heads: Int
  let source: PackedSource
}
