import Graph
import TestSupport
import Testing

/// One operator with operands that it must refuse.
struct Refusal: Sendable, CustomStringConvertible {
  let why: String
  let op: Op
  let operands: [TensorType]
  var code = "graph.shape"

  init(_ why: String, _ op: Op, _ operands: [TensorType] = [], code: String = "graph.shape") {
    self.why = why
    self.op = op
    self.operands = operands
    self.code = code
  }

  var description: String { "\(op.name): \(why)" }
}

struct RefusalTests {
  @Test(arguments: Refusal.all)
  func isRefused(_ refusal: Refusal) {
    #expect(throws: failure(refusal.code)) { try refusal.op.resultType(refusal.operands) }
  }

  @Test func thereIsARefusalOfEveryOperator() {
    #expect(Set(Refusal.all.map { OperatorKind($0.op) }) == Set(OperatorKind.allCases))
  }
}

extension Refusal {
  static let all = products + axialAttention + rows + space + movement + positions

  private static let plain = Linear(hasBias: false)
  private static let full = Linear(hasBias: true, hasResidual: true)
  private static let int8 = TensorType(.int8, [4, 5])
  private static let free = Dim(Symbol("n"))

  private static let products: [Refusal] = [
    .init("depths differ", .linear(plain), [.float(2, 6), .float(4, 5)]),
    .init("a scalar", .linear(plain), [.float(), .float(4, 5)]),
    .init("weight of one axis", .linear(plain), [.float(2, 5), .float(5)]),
    .init("weight of a 3x3 kernel", .linear(plain), [.float(2, 5), .float(4, 5, 3, 3)]),
    .init(
      "bias too long", .linear(.init(hasBias: true)), [.float(2, 5), .float(4, 5), .float(5)]),
    .init(
      "residual of another shape", .linear(full),
      [.float(2, 5), .float(4, 5), .float(4), .float(1, 4)]),
    .init("scale too short", .quantizedLinear(plain), [.float(2, 5), int8, .float(1)]),
    .init(
      "weight without axes", .quantizedLinear(plain),
      [.float(2, 5), TensorType(.int8, []), .float(1)]),
    .init("batches differ", .matmulTransposed, [.float(2, 3, 4), .float(1, 5, 4)]),
    .init("depths differ", .matmulTransposed, [.float(2, 3, 4), .float(2, 5, 3)]),
    .init("two axes", .matmulTransposed, [.float(3, 4), .float(5, 4)]),
    .init("kernels differ", .conv2d(conv(3)), [.float(1, 5, 5, 2), .float(4, 2, 1, 1)]),
    .init("x smaller than the kernel", .conv2d(conv(3)), [.float(1, 2, 5, 2), .float(4, 2, 3, 3)]),
    .init("a height not known", .conv2d(conv(1)), [.float(1, free, 5, 2), .float(4, 2, 1, 1)]),
    .init("groups of two", .conv2d(conv(1, groups: 2)), [.float(1, 5, 5, 4), .float(4, 2, 1, 1)]),
    .init(
      "depthwise that widens", .conv2d(conv(1, groups: 4)),
      [.float(1, 5, 5, 4), .float(8, 1, 1, 1)]),
    .init(
      "stride of nothing", .conv2d(conv(1, stride: 0)), [.float(1, 5, 5, 4), .float(4, 4, 1, 1)]),
    .init("a vast plane", .conv2d(conv(1)), [.float(1, 40_000, 1, 2), .float(4, 2, 1, 1)]),
    .init(
      "weight of another stride", .convTranspose2d(stride: 2),
      [.float(1, 2, 2, 4), .float(4, 3, 3, 3), .float(3)]),
    .init(
      "stride of nothing", .convTranspose2d(stride: 0),
      [.float(1, 2, 2, 4), .float(4, 3, 0, 0), .float(3)]),
    .init(
      "keys and values differ", attention(1), [.float(1, 3, 8), .float(1, 5, 8), .float(1, 4, 8)]),
    .init("not whole heads", attention(3), [.float(1, 3, 8), .float(1, 5, 8), .float(1, 5, 8)]),
    .init(
      "not whole heads", .quantizedAttention(heads: 3, scale: 1),
      [.float(1, 3, 8), .float(1, 5, 8), .float(1, 5, 8)]),
    .init("no heads", attention(0), [.float(1, 3, 8), .float(1, 5, 8), .float(1, 5, 8)]),
  ]

  private static let axialAttention: [Refusal] = [
    axial("two axes", query: .float(3, 32)),
    axial("batches differ", query: .float(2, 3, 32)),
    axial("tokens and values differ", value: .float(1, 8, 5)),
    axial("weight of another depth", weight: TensorType(.int8, [64, 16])),
    axial("weight for other tokens", weight: TensorType(.int8, [32, 32])),
    axial("weight of one axis", weight: TensorType(.int8, [32])),
    axial("scale too short", scale: .float(16)),
    axial("bias too long", bias: .float(64)),
    axial(
      "depth of half a step", query: .float(1, 3, 16), weight: TensorType(.int8, [16, 16]),
      scale: .float(16), bias: .float(16)),
    axial(
      "tokens of half a step", tokens: .float(1, 9, 8), weight: TensorType(.int8, [32, 8])),
    axial(
      "channels not known", tokens: .float(1, 9, free), weight: TensorType(.int8, [32, free])),
    axial("an empty grid", height: 0),
    axial(
      "a weight too large when rotated", query: .float(1, 3, 16_384),
      weight: TensorType(.int8, [16_384, 16]), scale: .float(16_384), bias: .float(16_384),
      height: 1_024),
    axial("theta of nothing", theta: 0),
    axial("theta without end", theta: .infinity),
    axial("half a frame", rotated: 3),
    axial("frames that are not there", rotated: 12),
    axial("negative", rotated: -4),
    axial("a float weight", weight: .float(32, 16), code: "graph.operands"),
  ]

  /// Two frames of 2 x 2 cells and a token more, one thing about it changed.
  private static func axial(
    _ why: String, query: TensorType = .float(1, 3, 32), tokens: TensorType = .float(1, 9, 16),
    value: TensorType = .float(1, 9, 5), weight: TensorType = TensorType(.int8, [32, 16]),
    scale: TensorType = .float(32), bias: TensorType = .float(32), height: Int = 2,
    theta: Float = 10, rotated: Dim = 8, code: String = "graph.shape"
  ) -> Refusal {
    .init(
      why,
      .axialAttention(
        .init(scale: 1, height: height, width: 2, theta: theta, rotated: rotated, hasBias: true)),
      [query, tokens, value, weight, scale, bias], code: code)
  }

  private static func attention(_ heads: Int) -> Op { .attention(heads: heads, scale: 1) }

  private static func conv(_ kernel: Int, stride: Int = 1, groups: Int = 1) -> Convolution {
    Convolution(kernel: kernel, stride: stride, groups: groups, hasBias: false)
  }

  private static let rows: [Refusal] = [
    .init("weight too short", .layerNorm(epsilon: 1), [.float(2, 3), .float(2), .float(3)]),
    .init("a scalar", .layerNorm(epsilon: 1), [.float(), .float(), .float()]),
    .init(
      "variance too short", .batchNorm(epsilon: 1),
      [.float(2, 3), .float(3), .float(3), .float(3), .float(2)]),
    .init(
      "no variance", .batchNorm(epsilon: 1), [.float(2, 3), .float(3), .float(3), .float(3)],
      code: "graph.operands"),
    .init("no operand", .activation(.relu), code: "graph.operands"),
    .init("no broadcast", .add, [.float(2, 3), .float(2)]),
    .init("symbols differ", .add, [.float(free, 3), .float(Dim(Symbol("m")), 3)]),
    .init("no broadcast", .multiply, [.float(4, 3), .float(2, 3)]),
    .init("scale too long", .dequantize, [int8, .float(5)]),
    .init("no integers", .dequantize, [.float(4, 5), .float(4)], code: "graph.operands"),
    .init("integers", .affine(scale: 1, offset: 0), [int8], code: "graph.operands"),
    .init(
      "table too wide", .rotatePairs(rotated: 1), [.float(1, 3, 4), .float(3, 4), .float(3, 4)]),
    .init(
      "tables differ", .rotatePairs(rotated: 1), [.float(1, 3, 4), .float(3, 2), .float(2, 2)]),
  ]

  private static let space: [Refusal] = [
    .init("not whole windows", .maxPool(window: 2), [.float(1, 4, 5, 1)]),
    .init("a window of nothing", .maxPool(window: 0), [.float(1, 4, 4, 1)]),
    .init("not whole windows", .averagePool(window: 3), [.float(1, 3, 5, 1)]),
    .init("a plane not known", .averagePool(window: 2), [.float(1, free, 4, 1)]),
    .init("no new size", .resize(.init(.bicubic, height: 0, width: 4)), [.float(1, 4, 4, 1)]),
    .init("three axes", .resize(.init(.nearest, height: 4, width: 4)), [.float(4, 4, 1)]),
    .init("a window of nothing", .windowPartition(window: 0), [.float(1, 4, 4, 1)]),
    .init(
      "other windows", .windowMerge(window: 4, height: 4, width: 4), [.float(1, 2, 4, 1)]),
    .init(
      "windows left over", .windowMerge(window: 2, height: 4, width: 4), [.float(6, 2, 2, 1)]),
    .init(
      "an empty plane", .windowMerge(window: 2, height: 0, width: 4), [.float(4, 2, 2, 1)]),
  ]

  private static let movement: [Refusal] = [
    .init("elements lost", .reshape([3, 3]), [.float(2, 5)]),
    .init("a symbol lost", .reshape([6]), [.float(free, 6)]),
    .init("negative sizes", .reshape([-2, -3]), [.float(6)]),
    .init("an axis twice", .transpose([0, 0]), [.float(2, 2)]),
    .init("an axis forgotten", .transpose([0]), [.float(2, 2)]),
    .init("nothing to join", .concat(axis: 0), code: "graph.operands"),
    .init("no such axis", .concat(axis: 2), [.float(2, 2)], code: "graph.operands"),
    .init("ranks differ", .concat(axis: 0), [.float(2, 2), .float(2)]),
    .init("other sizes differ", .concat(axis: 0), [.float(2, 2), .float(2, 3)]),
    .init("beyond the end", .slice(axis: 0, start: 2, count: 2), [.float(3)]),
    .init("before the start", .slice(axis: 0, start: -1, count: 2), [.float(3)]),
    .init("a negative count", .slice(axis: 0, start: free, count: -1), [.float(3)]),
    .init("no such axis", .slice(axis: 1, start: 0, count: 1), [.float(3)]),
    .init("shrinking", .broadcast([1, 3]), [.float(2, 3)]),
    .init("losing an axis", .broadcast([3]), [.float(1, 3)]),
    .init("a fixed size to a symbol", .broadcast([free]), [.float(2)]),
    .init("table of three axes", .gather, [.float(2, 2, 2), TensorType(.int32, [1])]),
    .init("indices as floats", .gather, [.float(2, 2), .float(1)], code: "graph.operands"),
  ]

  private static let positions: [Refusal] = [
    .init("three coordinates", .fourierFeatures, [.float(4, 3), .float(2, 8)]),
    .init("matrix of three rows", .fourierFeatures, [.float(4, 2), .float(3, 8)]),
    .init("two coordinates", .sineFeatures(channels: 8, temperature: 1), [.float(4, 2)]),
    .init("odd channels", .sineFeatures(channels: 6, temperature: 1), [.float(4, 1)]),
    .init("empty", .pixelGrid(height: 0, width: 3)),
    .init("negative", .pixelGrid(height: -1, width: -1)),
    .init("odd channels", .sineGrid(height: 2, width: 2, channels: 6, temperature: 1)),
    .init("negative channels", .sineGrid(height: 2, width: 2, channels: -4, temperature: 1)),
    .init(
      "odd pairs", .rotaryTable(.init(height: 2, width: 2, pairs: 3, theta: 1, part: .sine))),
    .init(
      "negative", .rotaryTable(.init(height: -2, width: -2, pairs: 4, theta: 1, part: .sine))),
    .init("an operand", .fill(1, [2]), [.float(2)], code: "graph.operands"),
    .init("negative", .fill(1, [-2])),
  ]
}
