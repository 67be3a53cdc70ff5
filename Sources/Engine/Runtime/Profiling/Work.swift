internal import Graph

/// Multiply-accumulates of products; everything else is small beside them.
struct Work {
  var float = 0.0
  var int8 = 0.0

  static func += (a: inout Work, b: Work) {
    a.float += b.float
    a.int8 += b.int8
  }
}

extension Graph.Node {
  /// Multiply-accumulates of the node in a bound graph, by the formulas.
  func work(_ uses: GraphUses) -> Work {
    let count = op.multiplyAccumulates(operands.map(uses.sizes), result: uses.sizes(of: result))
    let work = Double(count ?? .max)
    switch op {
    case .quantizedLinear, .quantizedAttention, .axialAttention: return Work(int8: work)
    case .linear, .matmulTransposed, .conv2d, .convTranspose2d, .attention, .layerNorm,
      .batchNorm, .activation, .add, .multiply, .affine, .rotatePairs, .maxPool, .averagePool,
      .resize, .windowPartition, .windowMerge, .reshape, .transpose, .concat, .slice, .broadcast,
      .gather, .fourierFeatures,
      .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable, .fill, .dequantize:
      return Work(float: work)
    }
  }
}
