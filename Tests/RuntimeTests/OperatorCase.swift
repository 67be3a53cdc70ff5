import Bytes
import Graph
import JSON
import Tensors
import TestSupport

/// One operator on random operands, as a graph of its own.
struct OperatorCase: CustomStringConvertible, Sendable {
  let op: Op
  /// Shapes of the operands; those in `weights` come from the weight table.
  let shapes: [[Int]]
  var weights: Range<Int> = 0..<0
  /// Exclusive upper bound of int32 operands.
  var indexLimit: Int32 = 1

  var description: String { "\(op.name) on \(shapes)" }

  /// The model with this one graph, called "case", and its inputs.
  func make(seed: UInt64) throws -> (model: Model, inputs: [String: Tensor]) {
    var random = SeededRandom(seed: seed, function: "\(self)")
    var builder = GraphBuilder("case")
    var table = WeightTable()
    var inputs: [String: Tensor] = [:]
    var operands: [ValueID] = []
    for (index, shape) in shapes.enumerated() {
      let name = "operand\(index)"
      let tensor = operand(index, shape, &random)
      let type = TensorType(
        tensor.dtype.elementType ?? .float, shape.map { Dim(constant: $0) })
      if weights.contains(index) {
        table.set(name, tensor)
        operands.append(builder.weight(name, type))
      } else {
        inputs[name] = tensor
        operands.append(builder.input(name, type))
      }
    }
    builder.output("result", try builder.add(op, operands, label: "case"))
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: table), inputs)
  }

  private func operand(_ index: Int, _ shape: [Int], _ random: inout SeededRandom) -> Tensor {
    let shape = Shape(shape)
    switch (op, index) {
    case (.gather, 1):
      let values = (0..<shape.elementCount).map { _ in
        Int32.random(in: 0..<indexLimit, using: &random)
      }
      return Tensor(values, shape: shape)
    case (.quantizedLinear, 1), (.axialAttention, 3), (.dequantize, 0):
      return Tensor(dtype: .int8, shape: shape) { bytes in
        for i in bytes.indices {
          bytes[i] = UInt8(bitPattern: Int8.random(in: -127...127, using: &random))
        }
      }
    case (.quantizedLinear, 2), (.axialAttention, 4):
      return Tensor(random.floats(shape.elementCount, in: 0.001...0.01), shape: shape)
    default:
      return Tensor(random.floats(shape.elementCount), shape: shape)
    }
  }
}

/// At least one case of every operator.
let operatorCases = plainCases + axialCases

/// The sizes that take the different paths of the executor: few rows, many rows,
/// strided views, windows with padding, several heads.
private let plainCases: [OperatorCase] = [
  .init(op: .linear(Linear(hasBias: false)), shapes: [[1, 7, 24], [40, 24]], weights: 1..<2),
  .init(
    op: .linear(Linear(hasBias: true, activation: .gelu, hasResidual: true)),
    shapes: [[2, 600, 48], [100, 48, 1, 1], [100], [2, 600, 100]], weights: 1..<3),
  .init(
    op: .linear(Linear(hasBias: true, activation: .relu)), shapes: [[8, 256], [700, 256], [700]],
    weights: 1..<3),
  .init(
    op: .quantizedLinear(Linear(hasBias: true, activation: .gelu, hasResidual: true)),
    shapes: [[1, 130, 96], [72, 96], [72], [72], [1, 130, 72]], weights: 1..<4),
  .init(
    op: .quantizedLinear(Linear(hasBias: false)), shapes: [[1030, 50], [33, 50], [33]],
    weights: 1..<3),
  .init(op: .matmulTransposed, shapes: [[2, 4, 32], [2, 5000, 32]]),
  .init(
    op: .conv2d(Convolution(kernel: 7, stride: 4, padding: 3)),
    shapes: [[1, 32, 36, 3], [20, 3, 7, 7], [20]], weights: 1..<3),
  .init(
    op: .conv2d(Convolution(kernel: 3, stride: 2, padding: 1, hasBias: false)),
    shapes: [[2, 17, 13, 4], [8, 4, 3, 3]], weights: 1..<2),
  .init(
    op: .conv2d(Convolution(kernel: 7, padding: 3, groups: 40)),
    shapes: [[2, 9, 11, 40], [40, 1, 7, 7], [40]], weights: 1..<3),
  .init(
    op: .conv2d(Convolution(kernel: 3, stride: 2, padding: 1, groups: 24)),
    shapes: [[2, 21, 34, 24], [24, 1, 3, 3], [24]], weights: 1..<3),
  .init(
    op: .conv2d(Convolution(kernel: 4, stride: 3, padding: 5, groups: 9, hasBias: false)),
    shapes: [[1, 40, 7, 9], [9, 1, 4, 4]], weights: 1..<2),
  .init(
    op: .convTranspose2d(stride: 2), shapes: [[2, 6, 5, 24], [24, 10, 2, 2], [10]], weights: 1..<3),
  .init(
    op: .attention(heads: 2, scale: 0.25), shapes: [[3, 49, 32], [3, 49, 32], [3, 49, 32]]),
  .init(
    op: .attention(heads: 1, scale: 0.1), shapes: [[1, 700, 64], [1, 900, 64], [1, 900, 16]]),
  .init(op: .attention(heads: 8, scale: 0.3), shapes: [[2, 7, 64], [2, 600, 64], [2, 600, 64]]),
  .init(
    op: .quantizedAttention(heads: 2, scale: 0.25),
    shapes: [[3, 49, 32], [3, 49, 32], [3, 49, 32]]),
  .init(
    op: .quantizedAttention(heads: 1, scale: 0.1),
    shapes: [[1, 700, 64], [1, 900, 64], [1, 900, 16]]),
  .init(
    op: .quantizedAttention(heads: 8, scale: -3),
    shapes: [[2, 7, 72], [2, 600, 72], [2, 600, 24]]),
  .init(op: .layerNorm(epsilon: 1e-6), shapes: [[1, 400, 96], [96], [96]], weights: 1..<3),
  .init(
    op: .batchNorm(epsilon: 3), shapes: [[2, 40, 30, 24], [24], [24], [24], [24]], weights: 1..<5),
  .init(op: .batchNorm(epsilon: 2), shapes: [[700, 37], [37], [37], [37], [37]]),
  .init(op: .activation(.relu), shapes: [[3, 5000]]),
  .init(op: .activation(.gelu), shapes: [[3, 11]]),
  .init(op: .activation(.sigmoid), shapes: [[70_000]]),
  .init(op: .activation(.quickGelu), shapes: [[3, 333]]),
  .init(op: .activation(.elu), shapes: [[5, 77]]),
  .init(
    op: .linear(Linear(hasBias: true, activation: .quickGelu)),
    shapes: [[130, 48], [70, 48], [70]], weights: 1..<3),
  .init(
    op: .quantizedLinear(Linear(hasBias: true, activation: .quickGelu)),
    shapes: [[130, 48], [70, 48], [70], [70]], weights: 1..<4),
  .init(
    op: .quantizedLinear(Linear(hasBias: false, activation: .elu)),
    shapes: [[13, 48], [9, 48], [9]], weights: 1..<3),
  .init(op: .add, shapes: [[2, 300, 130], [2, 300, 130]]),
  .init(op: .add, shapes: [[2, 30, 13], [13]]),
  .init(op: .add, shapes: [[4, 1, 1, 8], [1, 5, 6, 8]]),
  .init(op: .multiply, shapes: [[2, 30, 16], [2, 1, 16]]),
  .init(op: .multiply, shapes: [[5, 1], [1, 16]]),
  .init(op: .multiply, shapes: [[1, 3], [4, 3]]),
  .init(op: .affine(scale: 20, offset: -10), shapes: [[3, 33]]),
  .init(op: .rotatePairs(rotated: 130), shapes: [[2, 150, 32], [64, 16], [64, 16]]),
  .init(op: .rotatePairs(rotated: 64), shapes: [[1, 64, 256], [64, 128], [64, 128]]),
  .init(op: .dequantize, shapes: [[40, 9, 3], [40]], weights: 0..<2),
  .init(op: .maxPool(window: 2), shapes: [[3, 8, 12, 20]]),
  .init(op: .averagePool(window: 2), shapes: [[3, 8, 12, 20]]),
  // Cells in parts, of two images.
  .init(op: .averagePool(window: 60), shapes: [[2, 60, 60, 70]]),
  .init(op: .resize(Resize(.nearest, height: 10, width: 14)), shapes: [[2, 5, 7, 9]]),
  .init(op: .resize(Resize(.bilinear, height: 24, width: 20)), shapes: [[2, 6, 5, 1]]),
  .init(op: .resize(Resize(.bilinear, height: 5, width: 4)), shapes: [[1, 12, 11, 3]]),
  .init(op: .resize(Resize(.bicubic, height: 32, width: 40)), shapes: [[1, 7, 7, 12]]),
  .init(op: .resize(Resize(.bilinearAntialiased, height: 8, width: 6)), shapes: [[2, 32, 24, 1]]),
  .init(op: .windowPartition(window: 7), shapes: [[2, 16, 12, 5]]),
  .init(op: .windowPartition(window: 4), shapes: [[1, 16, 12, 5]]),
  .init(op: .windowMerge(window: 7, height: 16, width: 12), shapes: [[12, 7, 7, 5]]),
  .init(op: .reshape([6, 20]), shapes: [[2, 3, 4, 5]]),
  .init(op: .transpose([0, 2, 3, 1]), shapes: [[2, 3, 4, 5]]),
  .init(op: .concat(axis: 1), shapes: [[2, 3, 4], [2, 1, 4], [2, 5, 4]]),
  .init(op: .slice(axis: 2, start: 3, count: 5), shapes: [[2, 3, 10]]),
  .init(op: .slice(axis: 1, start: 1, count: 2), shapes: [[2, 4, 3]]),
  .init(op: .broadcast([3, 4, 5, 6]), shapes: [[1, 4, 1, 6]]),
  .init(op: .broadcast([3, 4, 5]), shapes: [[5]]),
  .init(op: .broadcast([2, 3, 7]), shapes: [[2, 3, 1]]),
  .init(op: .gather, shapes: [[5, 9], [2, 4]], indexLimit: 5),
  .init(op: .fourierFeatures, shapes: [[2, 3, 2], [2, 16]]),
  .init(op: .sineFeatures(channels: 64, temperature: 10_000), shapes: [[5, 1]]),
  .init(op: .pixelGrid(height: 5, width: 7), shapes: []),
  .init(op: .sineGrid(height: 9, width: 6, channels: 32, temperature: 10_000), shapes: []),
  .init(
    op: .rotaryTable(RotaryTable(height: 5, width: 6, pairs: 16, theta: 10_000, part: .sine)),
    shapes: []),
  .init(
    op: .rotaryTable(RotaryTable(height: 5, width: 6, pairs: 16, theta: 10_000, part: .cosine)),
    shapes: []),
  .init(op: .fill(2.5, [3, 4]), shapes: []),
]

/// Attention to tokens: one frame and many, whole tiles and parts, rotated tokens only, none, and
/// both; with and without a bias; several items; sizes that are not a multiple of a register's.
private let axialCases: [OperatorCase] = [
  axial([1, 70, 256], [8, 8], frames: 7, tail: 28, channels: 64, values: 64),
  axial([2, 7, 32], [3, 5], frames: 2, tail: 3, channels: 16, values: 5, hasBias: false),
  axial([2, 33, 96], [4, 4], frames: 19, tail: 130, channels: 48, values: 40, scale: -0.3),
  axial([1, 19, 64], [12, 12], frames: 1, tail: 0, channels: 32, values: 16, hasBias: false),
  axial([1, 5, 64], [2, 9], frames: 0, tail: 150, channels: 80, values: 24),
  axial([1, 1, 128], [1, 1], frames: 8, tail: 0, channels: 16, values: 1),
]

private func axial(
  _ query: [Int], _ grid: [Int], frames: Int, tail: Int, channels: Int, values: Int,
  scale: Float = 0.1, hasBias: Bool = true
) -> OperatorCase {
  let (rotated, depth) = (frames * grid[0] * grid[1], query[2])
  let tokens = [query[0], rotated + tail]
  let op = AxialAttention(
    scale: scale, height: grid[0], width: grid[1], theta: 10_000,
    rotated: Dim(constant: rotated), hasBias: hasBias)
  let weights = [[depth, channels], [depth]] + (hasBias ? [[depth]] : [])
  return OperatorCase(
    op: .axialAttention(op), shapes: [query, tokens + [channels], tokens + [values]] + weights,
    weights: 3..<(3 + weights.count))
}
