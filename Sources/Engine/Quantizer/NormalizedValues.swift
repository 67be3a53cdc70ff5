internal import Graph

/// The values of a graph whose rows something has brought to a like size: a normalisation, an
/// activation or attention, however its result was moved about.
///
/// So does a convolution: those of an optimised trunk have a normalisation folded into them, as does
/// a product of two such values, which weighs channels by shares.
///
/// Sums of shortcuts and bare products are not among them. Their channels differ by orders of
/// magnitude and by large constants, so that one step for a whole row is coarse for most of it.
/// Of what comes into the graph nothing is known, and it counts as even.
struct EvenValues {
  private let isEven: [Bool]

  init(_ graph: Graph) {
    var isEven = Array(repeating: false, count: graph.values.count)
    for (_, value) in graph.inputs { isEven[value.index] = true }
    for node in graph.nodes {
      isEven[node.result.index] =
        switch node.op {
        case .layerNorm, .batchNorm, .activation, .attention, .quantizedAttention, .axialAttention,
          .conv2d:
          true
        case .linear(let p), .quantizedLinear(let p): p.activation != .none && !p.hasResidual
        case .maxPool, .averagePool, .resize, .windowPartition, .windowMerge, .reshape, .transpose,
          .slice,
          .broadcast, .rotatePairs:
          node.operands.first.map { isEven[$0.index] } ?? false
        case .concat, .multiply: node.operands.allSatisfy { isEven[$0.index] }
        case .matmulTransposed, .convTranspose2d, .add, .affine, .dequantize, .gather,
          .fourierFeatures, .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable, .fill:
          false
        }
    }
    self.isEven = isEven
  }

  func contains(_ value: ValueID) -> Bool { isEven[value.index] }
}
