internal import Graph

/// The values of a graph whose channels have similar scales.
///
/// These are the results of normalisations, activations, attention and convolutions (those of an
/// optimised trunk have a normalisation folded into them), products of two such values, which
/// weight channels by shares, and the results of operators that move such values.
///
/// Sums with residuals and bare products are not among them: their channels differ by orders of
/// magnitude and by large constants, so one scale for a whole row is too coarse for most of it.
/// Nothing is known about the inputs of a graph; they count as normalised.
struct NormalizedValues {
  private let isNormalized: [Bool]

  init(_ graph: Graph) {
    var isNormalized = Array(repeating: false, count: graph.values.count)
    for (_, value) in graph.inputs { isNormalized[value.index] = true }
    for node in graph.nodes {
      isNormalized[node.result.index] =
        switch node.op {
        case .layerNorm, .batchNorm, .activation, .attention, .quantizedAttention, .axialAttention,
          .conv2d:
          true
        case .linear(let p), .quantizedLinear(let p): p.activation != .none && !p.hasResidual
        case .maxPool, .averagePool, .resize, .windowPartition, .windowMerge, .reshape, .transpose,
          .slice,
          .broadcast, .rotatePairs:
          node.operands.first.map { isNormalized[$0.index] } ?? false
        case .concat, .multiply: node.operands.allSatisfy { isNormalized[$0.index] }
        case .matmulTransposed, .convTranspose2d, .add, .affine, .dequantize, .gather,
          .fourierFeatures, .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable, .fill:
          false
        }
    }
    self.isNormalized = isNormalized
  }

  func contains(_ value: ValueID) -> Bool { isNormalized[value.index] }
}
