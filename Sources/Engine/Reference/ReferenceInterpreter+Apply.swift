public import Bytes
public import Graph
import Tensors

extension ReferenceInterpreter {
  /// The result of one operator, whose sizes must all be fixed.
  /// - Throws: `graph.operands`, `graph.shape`, `graph.unbound`, `tensor.shape`, `reference.index`.
  public static func apply(
    _ op: Op, to x: [ReferenceValue]
  ) throws(Failure) -> ReferenceValue {
    let shape = try resultShape(of: op, x)
    switch op {
    case .linear(let p): return Products.linear(x, p, shape)
    case .quantizedLinear(let p): return Products.quantizedLinear(x, p, shape)
    case .matmulTransposed: return Products.matmulTransposed(x[0], x[1])
    case .conv2d(let p): return Products.conv2d(x, p, shape)
    case .convTranspose2d(let stride): return Products.convTranspose2d(x, stride, shape)
    case .attention(let heads, let scale):
      return Products.attention(x, heads: heads, scale: Double(scale), shape)
    case .quantizedAttention(let heads, let scale):
      return QuantizedAttention.apply(x, heads: heads, scale: scale, shape)
    case .axialAttention(let p):
      return QuantizedAxialAttention.apply(x, p, rotated: try fixed(p.rotated, op), shape)
    case .layerNorm(let epsilon): return Rows.layerNorm(x, epsilon: Double(epsilon))
    case .batchNorm(let epsilon): return Rows.batchNorm(x, epsilon: Double(epsilon))
    case .activation(let kind): return x[0].map { Rows.activate($0, kind) }
    case .add: return Rows.combine(x[0], x[1], shape, +)
    case .multiply: return Rows.combine(x[0], x[1], shape, *)
    case .affine(let scale, let offset): return x[0].map { $0 * Double(scale) + Double(offset) }
    case .rotatePairs(let rotated): return Rows.rotatePairs(x, rotated: try fixed(rotated, op))
    case .dequantize: return Rows.dequantize(x[0], scale: x[1])
    case .maxPool(let window): return Space.maxPool(x[0], window, shape)
    case .averagePool(let window): return Space.averagePool(x[0], window, shape)
    case .resize(let p): return Space.resize(x[0], p)
    case .windowPartition(let window): return Space.windowPartition(x[0], window, shape)
    case .windowMerge(let window, _, _): return Space.windowMerge(x[0], window, shape)
    case .reshape: return ReferenceValue(shape, x[0].values)
    case .transpose(let axes): return Movement.transpose(x[0], axes, shape)
    case .concat(let axis): return Movement.concat(x, axis, shape)
    case .slice(let axis, let start, _):
      return Movement.slice(x[0], axis, try fixed(start, op), shape)
    case .broadcast: return Movement.broadcast(x[0], to: shape)
    case .gather: return try Movement.gather(x[0], x[1], shape)
    case .fourierFeatures: return Positions.fourierFeatures(x[0], x[1], shape)
    case .sineFeatures(let channels, let temperature):
      return Positions.sineFeatures(x[0], channels, Double(temperature), shape)
    case .pixelGrid(let height, let width): return Positions.pixelGrid(height, width)
    case .sineGrid(let height, let width, let channels, let temperature):
      return Positions.sineGrid(height, width, channels, Double(temperature))
    case .rotaryTable(let p): return Positions.rotaryTable(p)
    case .fill(let value, _):
      return ReferenceValue(
        shape, Array(repeating: Double(value), count: shape.reduce(1, *)))
    }
  }

  /// Infers the shape, which checks the operands, and refuses one that has symbols left.
  private static func resultShape(
    of op: Op, _ operands: [ReferenceValue]
  ) throws(Failure) -> [Int] {
    var sizes: [Int] = []
    for dim in try op.resultType(operands.map(\.type)).shape { sizes.append(try fixed(dim, op)) }
    return try Shape(checking: sizes).dimensions
  }

  private static func fixed(_ dim: Dim, _ op: Op) throws(Failure) -> Int {
    guard let size = dim.fixed else {
      throw Failure(.internalError, code: "graph.unbound", "\(op.name): size \(dim) is not known")
    }
    return size
  }
}
