internal import Bytes
internal import Graph

// Kernels of single operators, and the weights that they are packed with.

extension Planner {
  /// The kernel of the node at `index`, which runs on `operands`.
  ///
  /// The one place where an operator becomes a kernel.
  func kernel(_ index: Int, _ operands: [View]) throws(Failure) -> StepKernel {
    let node = graph.nodes[index]
    let shape = sizes(node.result)
    switch node.op {
    case .linear(let p): return .single(.linear(p, try matrix(index)))
    case .quantizedLinear(let p): return .single(.quantizedLinear(p, try int8Matrix(index)))
    case .matmulTransposed: return .single(.matmulTransposed)
    case .conv2d(let p) where p.groups == 1:
      return .single(.convolution(p, try matrix(index), addsResidual: false))
    case .conv2d(let p): return .single(.depthwise(p, try taps(index)))
    case .convTranspose2d: return .single(.transposedConvolution(try cells(index)))
    case .attention, .quantizedAttention:
      let (arithmetic, heads, scale) = try attention(at: index)
      return .attention(
        AttentionStep(arithmetic: arithmetic, heads: heads, scale: scale, keys: .rows))
    case .axialAttention: throw excluded("axial attention without its rounded tokens", at: index)
    case .layerNorm(let epsilon): return .single(.layerNorm(epsilon: epsilon))
    case .batchNorm(let epsilon): return .single(.batchNorm(epsilon: epsilon))
    case .activation(let kind): return .single(.activation(kind))
    case .add: return .single(.combine(.add, loop(operands, shape)))
    case .multiply: return .single(.combine(.multiply, loop(operands, shape)))
    case .affine(let scale, let offset): return .single(.affine(scale: scale, offset: offset))
    case .rotatePairs(let rotated): return .single(.rotatePairs(rotated: rotated.fixed ?? 0))
    case .dequantize: return .single(.dequantize)
    case .maxPool(let window): return .single(.maxPool(window: window))
    case .averagePool(let window): return .single(.averagePool(window: window))
    case .resize(let p):
      let x = operands[0].shape
      return .single(
        .resize(
          rows: ResizeTaps(p.mode, from: x[1], to: shape[1]),
          columns: ResizeTaps(p.mode, from: x[2], to: shape[2])))
    case .windowPartition(let window): return .single(.windowPartition(window: window))
    case .windowMerge(let window, _, _): return .single(.windowMerge(window: window))
    case .reshape: return .single(.copyRows)
    case .broadcast:
      return operands[0].elementCount == shape.reduce(1, *)
        ? .single(.copyRows)
        : .single(.repeat(BroadcastLoop(operands[0].shape, shape, shape)))
    case .transpose(let axes):
      return .single(.transpose(strides: axes.map { strides(operands[0].shape)[$0] }))
    case .concat(let axis): return .single(.concat(axis: axis))
    case .slice(let axis, let start, _):
      return .single(.slice(axis: axis, start: start.fixed ?? 0))
    case .gather: return .single(.gather)
    case .fourierFeatures: return .single(.fourierFeatures)
    case .sineFeatures(let channels, let temperature):
      return .single(.sineFeatures(channels: channels, temperature: temperature))
    case .pixelGrid(let height, let width):
      return .single(.pixelGrid(height: height, width: width))
    case .sineGrid(let height, let width, let channels, let temperature):
      return .single(
        .sineGrid(height: height, width: width, channels: channels, temperature: temperature))
    case .rotaryTable(let p): return .single(.rotaryTable(p))
    case .fill(let value, _): return .single(.fill(value))
    }
  }

  private func loop(_ operands: [View], _ shape: [Int]) -> BroadcastLoop {
    BroadcastLoop(operands[0].shape, operands[1].shape, shape)
  }

  /// Elements from one item of each axis to the next.
  private func strides(_ shape: [Int]) -> [Int] {
    var strides = Array(repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }

  // MARK: Packed weights

  func packedWeight(at index: Int) throws(Failure) -> PackedWeight {
    let node = graph.nodes[index]
    guard let kind = PackedKind(node.op) else {
      throw excluded("\(node.op.name) has no packed weight", at: index)
    }
    return try constants.packedWeight(kind, of: node, in: graph, pool: pool)
  }

  func matrix(_ index: Int) throws(Failure) -> PackedMatrix {
    guard case .matrix(let weight) = try packedWeight(at: index) else {
      throw excluded("not packed as a matrix", at: index)
    }
    return weight
  }

  func int8Matrix(_ index: Int) throws(Failure) -> PackedInt8Matrix {
    guard case .int8(let weight) = try packedWeight(at: index) else {
      throw excluded("not packed as an int8 matrix", at: index)
    }
    return weight
  }

  func cells(_ index: Int) throws(Failure) -> PackedCells {
    guard case .cells(let weight) = try packedWeight(at: index) else {
      throw excluded("not packed as cells", at: index)
    }
    return weight
  }

  private func taps(_ index: Int) throws(Failure) -> PackedTaps {
    guard case .taps(let weight) = try packedWeight(at: index) else {
      throw excluded("not packed as taps", at: index)
    }
    return weight
  }
}
