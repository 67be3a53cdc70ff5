internal import Graph

/// Multiply-accumulates of the products in a plan; everything else is small beside them.
struct Work {
  var float = 0.0
  var int8 = 0.0
}

extension Plan {
  /// What one run has to do, as the graph says, whatever the kernels save.
  var work: Work {
    var work = Work()
    for step in steps {
      switch step.op {
      case .quantizedLinear, .quantizedAttention: work.int8 += step.multiplyAccumulates
      default: work.float += step.multiplyAccumulates
      }
    }
    return work
  }
}

extension Step {
  fileprivate var multiplyAccumulates: Double {
    let results = Double(result.elementCount)
    switch op {
    case .linear, .quantizedLinear, .matmulTransposed:
      return results * Double(operands[0].columns)
    case .conv2d(let convolution):
      let channels = operands[0].columns / convolution.groups
      return results * Double(convolution.kernel * convolution.kernel * channels)
    case .convTranspose2d(let stride):
      return Double(operands[0].elementCount * result.columns * stride * stride)
    case .attention, .quantizedAttention:
      // Scores, then their sum over the values.
      let keyCount = operands[1].shape[1]
      return Double(operands[0].elementCount * keyCount) + results * Double(keyCount)
    case .layerNorm, .activation, .add, .multiply, .affine, .rotatePairs, .maxPool, .resize,
      .windowPartition, .windowMerge, .reshape, .transpose, .concat, .slice, .broadcast, .gather,
      .fourierFeatures, .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable, .fill, .dequantize:
      return 0
    }
  }
}
