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
      work.float += step.work.float
      work.int8 += step.work.int8
    }
    return work
  }
}

extension Step {
  var work: Work {
    if let chain { return chain.work(rows: result.rows) }
    switch tokenAttention {
    case .reading(let reading): return Work(float: reading.work)
    case .update(let update): return Work(float: update.work)
    case nil: break
    }
    if let keyChain {
      let (source, query) = (operands[0].shape, operands[keyChain.query])
      return keyChain.work(
        items: source[0], keys: source[1], queries: query.elementCount,
        results: result.elementCount)
    }
    if let windowChain, case .windowChain(let layout) = geometry {
      return windowChain.work(windows: layout.windowCount)
    }
    switch op {
    case .quantizedLinear, .quantizedAttention, .axialAttention:
      return Work(int8: multiplyAccumulates)
    default: return Work(float: multiplyAccumulates)
    }
  }

  fileprivate var multiplyAccumulates: Double {
    if let imageChain {
      return imageChain.work(batch: operands[0].shape[0], results: result.elementCount)
    }
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
    case .axialAttention(let p):
      // Queries through the projection, their scores with tokens, then the sum over the values.
      let (query, tokens) = (operands[0], operands[1])
      let projections = (p.width + p.height) * (tokens.columns + (p.hasBias ? 1 : 0))
      return Double(query.elementCount / 2) * Double(projections)
        + Double(query.rows * tokens.shape[1]) * Double(2 * tokens.columns + result.columns)
    case .layerNorm, .activation, .add, .multiply, .affine, .rotatePairs, .maxPool, .resize,
      .windowPartition, .windowMerge, .reshape, .transpose, .concat, .slice, .broadcast, .gather,
      .fourierFeatures, .sineFeatures, .pixelGrid, .sineGrid, .rotaryTable, .fill, .dequantize:
      return 0
    }
  }
}
