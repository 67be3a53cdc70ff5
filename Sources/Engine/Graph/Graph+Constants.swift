extension Graph {
  /// For each node, whether it depends only on weights, not on inputs or symbols.
  ///
  /// Its result may be computed once, when the model is loaded, before any size is known.
  public var constantNodes: [Bool] {
    var isConstant = values.map { value in
      if case .weight = value.definition { true } else { false }
    }
    return nodes.map { node in
      let result = self[node.result].type.shape.allSatisfy { $0.fixed != nil }
      let constant =
        result && node.op.sizes.allSatisfy { $0.fixed != nil }
        && node.operands.allSatisfy { isConstant[$0.index] }
      isConstant[node.result.index] = constant
      return constant
    }
  }
}

extension Op {
  /// Sizes in the payload that may contain symbols.
  public var sizes: [Dim] {
    switch self {
    case .axialAttention(let p): [p.rotated]
    case .rotatePairs(let rotated): [rotated]
    case .reshape(let shape), .broadcast(let shape), .fill(_, let shape): shape
    case .slice(_, let start, let count): [start, count]
    case .linear, .quantizedLinear, .matmulTransposed, .conv2d, .convTranspose2d, .attention,
      .quantizedAttention, .layerNorm, .batchNorm, .activation, .add, .multiply, .affine,
      .dequantize, .maxPool, .averagePool, .resize, .windowPartition, .windowMerge, .transpose,
      .concat, .gather,
      .fourierFeatures, .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable:
      []
    }
  }
}
