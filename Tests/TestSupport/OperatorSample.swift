public import Graph

/// One operator with fixed operand and result types that fit it.
///
/// `Scripts/make_operator_fixtures.py` makes numbers for each sample by PyTorch, under its name.
public struct OperatorSample: Sendable, CustomStringConvertible {
  public let name: String
  public let op: Op
  public let operands: [TensorType]
  public let result: [Dim]

  init(_ name: String, _ op: Op, _ operands: [TensorType], _ result: [Dim]) {
    self.name = name
    self.op = op
    self.operands = operands
    self.result = result
  }

  /// At least one of each operator, and one of each mode that computes something else.
  public static let all = products + axialAttention + rows + space + movement + positions

  public var description: String { name }

  private static let products: [OperatorSample] = [
    .init(
      "linear", .linear(.init(hasBias: false)), [.float(2, 3, 5), .float(4, 5)], [2, 3, 4]),
    .init(
      "linear_gelu_residual",
      .linear(.init(hasBias: true, activation: .gelu, hasResidual: true)),
      [.float(2, 3, 5), .float(4, 5), .float(4), .float(2, 3, 4)], [2, 3, 4]),
    .init(
      "linear_1x1_relu", .linear(.init(hasBias: true, activation: .relu)),
      [.float(1, 2, 3, 5), .float(4, 5, 1, 1), .float(4)], [1, 2, 3, 4]),
    .init(
      "quantized_linear", .quantizedLinear(.init(hasBias: false)),
      [.float(5, 8), TensorType(.int8, [4, 8]), .float(4)], [5, 4]),
    .init(
      "quantized_linear_relu_residual",
      .quantizedLinear(.init(hasBias: true, activation: .relu, hasResidual: true)),
      [.float(2, 2, 70), TensorType(.int8, [3, 70]), .float(3), .float(3), .float(2, 2, 3)],
      [2, 2, 3]),
    .init("matmul_transposed", .matmulTransposed, [.float(2, 3, 4), .float(2, 5, 4)], [2, 3, 5]),
    .init(
      "conv2d", .conv2d(.init(kernel: 3, stride: 2, padding: 1)),
      [.float(2, 6, 5, 3), .float(4, 3, 3, 3), .float(4)], [2, 3, 3, 4]),
    .init(
      "conv2d_depthwise", .conv2d(.init(kernel: 3, padding: 1, groups: 4, hasBias: false)),
      [.float(2, 5, 4, 4), .float(4, 1, 3, 3)], [2, 5, 4, 4]),
    .init(
      "conv2d_depthwise_stride",
      .conv2d(.init(kernel: 3, stride: 3, padding: 2, groups: 4)),
      [.float(2, 7, 6, 4), .float(4, 1, 3, 3), .float(4)], [2, 3, 3, 4]),
    .init(
      "conv_transpose2d", .convTranspose2d(stride: 2),
      [.float(2, 2, 3, 4), .float(4, 3, 2, 2), .float(3)], [2, 4, 6, 3]),
    .init(
      "attention", .attention(heads: 2, scale: 0.5),
      [.float(2, 3, 8), .float(2, 5, 8), .float(2, 5, 6)], [2, 3, 6]),
    .init(
      "quantized_attention", .quantizedAttention(heads: 2, scale: 0.5),
      [.float(2, 3, 8), .float(2, 5, 8), .float(2, 5, 6)], [2, 3, 6]),
    .init(
      "quantized_attention_tiles", .quantizedAttention(heads: 1, scale: 0.5),
      [.float(1, 2, 4), .float(1, 135, 4), .float(1, 135, 1)], [1, 2, 1]),
  ]

  /// A tile with two frames and one without a grid; two blocks of frames; a block of two tiles, and
  /// two tiles without a grid.
  private static let axialAttention: [OperatorSample] = [
    .init(
      "axial_attention", axial(height: 2, width: 3, rotated: 12, hasBias: true),
      [
        .float(2, 3, 32), .float(2, 15, 16), .float(2, 15, 5), TensorType(.int8, [32, 16]),
        .float(32), .float(32),
      ],
      [2, 3, 5]),
    .init(
      "axial_attention_blocks", axial(height: 4, width: 4, rotated: 144, hasBias: false),
      [
        .float(1, 2, 64), .float(1, 144, 16), .float(1, 144, 4), TensorType(.int8, [64, 16]),
        .float(64),
      ],
      [1, 2, 4]),
    .init(
      "axial_attention_tail", axial(height: 4, width: 5, rotated: 140, hasBias: true),
      [
        .float(1, 2, 32), .float(1, 270, 16), .float(1, 270, 3), TensorType(.int8, [32, 16]),
        .float(32), .float(32),
      ],
      [1, 2, 3]),
  ]

  private static func axial(height: Int, width: Int, rotated: Dim, hasBias: Bool) -> Op {
    .axialAttention(
      .init(
        scale: 0.1, height: height, width: width, theta: 10_000, rotated: rotated, hasBias: hasBias
      ))
  }

  private static let rows: [OperatorSample] = [
    .init(
      "layer_norm", .layerNorm(epsilon: 1e-6), [.float(2, 3, 6), .float(6), .float(6)], [2, 3, 6]),
    .init(
      "batch_norm", .batchNorm(epsilon: 1e-5),
      [.float(2, 3, 6), .float(6), .float(6), .float(6), .float(6)], [2, 3, 6]),
    .init("activation_none", .activation(.none), [.float(3, 7)], [3, 7]),
    .init("activation_relu", .activation(.relu), [.float(3, 7)], [3, 7]),
    .init("activation_gelu", .activation(.gelu), [.float(3, 7)], [3, 7]),
    .init("activation_sigmoid", .activation(.sigmoid), [.float(3, 7)], [3, 7]),
    .init("activation_quick_gelu", .activation(.quickGelu), [.float(3, 7)], [3, 7]),
    .init("activation_elu", .activation(.elu), [.float(3, 7)], [3, 7]),
    .init("add_row", .add, [.float(2, 3, 4), .float(4)], [2, 3, 4]),
    .init("add_outer", .add, [.float(2, 1, 4), .float(1, 3, 1)], [2, 3, 4]),
    .init("multiply", .multiply, [.float(2, 3, 4), .float(3, 1)], [2, 3, 4]),
    .init("affine", .affine(scale: 20, offset: -10), [.float(2, 5)], [2, 5]),
    .init(
      "rotate_pairs", .rotatePairs(rotated: 6), [.float(2, 7, 8), .float(3, 4), .float(3, 4)],
      [2, 7, 8]),
    .init("dequantize", .dequantize, [TensorType(.int8, [3, 4, 2]), .float(3)], [3, 4, 2]),
  ]

  private static let space: [OperatorSample] = [
    .init("max_pool", .maxPool(window: 2), [.float(2, 4, 6, 3)], [2, 2, 3, 3]),
    .init("average_pool", .averagePool(window: 3), [.float(2, 3, 6, 4)], [2, 1, 2, 4]),
    .init(
      "resize_nearest", .resize(.init(.nearest, height: 6, width: 8)), [.float(1, 3, 4, 2)],
      [1, 6, 8, 2]),
    .init(
      "resize_nearest_down", .resize(.init(.nearest, height: 3, width: 4)), [.float(1, 5, 7, 2)],
      [1, 3, 4, 2]),
    .init(
      "resize_bilinear", .resize(.init(.bilinear, height: 7, width: 12)), [.float(1, 3, 4, 2)],
      [1, 7, 12, 2]),
    .init(
      "resize_bilinear_down", .resize(.init(.bilinear, height: 3, width: 4)),
      [.float(2, 8, 9, 1)], [2, 3, 4, 1]),
    .init(
      "resize_bicubic", .resize(.init(.bicubic, height: 16, width: 9)), [.float(1, 7, 7, 2)],
      [1, 16, 9, 2]),
    .init(
      "resize_bicubic_down", .resize(.init(.bicubic, height: 5, width: 3)), [.float(1, 9, 8, 1)],
      [1, 5, 3, 1]),
    .init(
      "resize_antialiased", .resize(.init(.bilinearAntialiased, height: 4, width: 5)),
      [.float(1, 16, 12, 2)], [1, 4, 5, 2]),
    .init(
      "resize_antialiased_up", .resize(.init(.bilinearAntialiased, height: 5, width: 7)),
      [.float(1, 3, 4, 1)], [1, 5, 7, 1]),
    .init(
      "window_partition", .windowPartition(window: 4), [.float(2, 5, 7, 3)], [8, 4, 4, 3]),
    .init(
      "window_merge", .windowMerge(window: 4, height: 5, width: 7), [.float(8, 4, 4, 3)],
      [2, 5, 7, 3]),
  ]

  private static let movement: [OperatorSample] = [
    .init("reshape", .reshape([3, 4]), [.float(2, 6)], [3, 4]),
    .init("transpose", .transpose([2, 0, 1]), [.float(2, 3, 4)], [4, 2, 3]),
    .init(
      "concat", .concat(axis: 1), [.float(2, 3, 2), .float(2, 1, 2), .float(2, 2, 2)], [2, 6, 2]),
    .init("slice", .slice(axis: 1, start: 2, count: 3), [.float(3, 6, 2)], [3, 3, 2]),
    .init("broadcast", .broadcast([2, 3, 4]), [.float(3, 1)], [2, 3, 4]),
    .init("gather", .gather, [.float(5, 3), TensorType(.int32, [2, 4])], [2, 4, 3]),
  ]

  private static let positions: [OperatorSample] = [
    .init("fourier_features", .fourierFeatures, [.float(2, 3, 2), .float(2, 4)], [2, 3, 8]),
    .init(
      "sine_features", .sineFeatures(channels: 12, temperature: 10_000), [.float(5, 1)], [5, 12]),
    .init("pixel_grid", .pixelGrid(height: 3, width: 4), [], [3, 4, 2]),
    .init(
      "sine_grid", .sineGrid(height: 3, width: 4, channels: 12, temperature: 10_000), [],
      [3, 4, 12]),
    .init(
      "rotary_table_cosine",
      .rotaryTable(.init(height: 3, width: 4, pairs: 6, theta: 10_000, part: .cosine)), [],
      [12, 6]),
    .init(
      "rotary_table_sine",
      .rotaryTable(.init(height: 3, width: 4, pairs: 6, theta: 10_000, part: .sine)), [],
      [12, 6]),
    .init("fill", .fill(2.5, [2, 3]), [], [2, 3]),
  ]
}
