internal import Bytes

extension Op {
  /// Multiply-accumulates of one run on operands of these shapes according to the formulas,
  /// regardless of any that kernels save.
  ///
  /// Only products count, since everything else is small in comparison.
  ///
  /// Nil if the count exceeds 64 bits. The shapes must fit the operator.
  public func multiplyAccumulates(_ operands: [[Int]], result: [Int]) -> Int? {
    switch self {
    case .linear, .quantizedLinear, .matmulTransposed:
      return product(result + operands[0].suffix(1))
    case .conv2d:
      // Each output sees all of the weight [O, C / groups, kernel, kernel] except O.
      return product(result + operands[1].dropFirst())
    case .convTranspose2d:
      return product(operands[0] + operands[1].dropFirst())
    case .attention, .quantizedAttention:
      // The scores, then the sum over the values weighted by them.
      let keys = operands[1][1]
      return sum(product(operands[0] + [keys]), product(result + [keys]))
    case .axialAttention(let p):
      // Queries through the projection, their scores against the tokens, then the sum over the
      // values.
      let (query, tokens) = (operands[0], operands[1])
      let rotated = checkedProduct(p.height + p.width, tokens[2] + (p.hasBias ? 1 : 0))
      let scores = product([query[0], query[1], tokens[1], tokens[2], 2])
      return sum(
        rotated.flatMap { product([query[0], query[1], query[2] / 2, $0]) },
        sum(scores, product(result + [tokens[1]])))
    case .layerNorm, .batchNorm, .activation, .add, .multiply, .affine, .rotatePairs, .dequantize,
      .maxPool, .averagePool, .resize, .windowPartition, .windowMerge, .reshape, .transpose,
      .concat, .slice, .broadcast,
      .gather, .fourierFeatures, .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable, .fill:
      return 0
    }
  }

  private func product(_ sizes: [Int]) -> Int? {
    sizes.contains(0)
      ? 0
      : sizes.reduce(1) { partial, size in
        partial.flatMap { checkedProduct($0, size) }
      }
  }

  private func sum(_ a: Int?, _ b: Int?) -> Int? {
    guard let a, let b else { return nil }
    return checkedSum(a, b)
  }
}
