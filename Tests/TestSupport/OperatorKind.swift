public import Graph

/// The operators without their parameters, so that tests can ask "is there one of each?".
///
/// `init(_:)` is an exhaustive switch: a new operator does not compile until it is listed here, and
/// then the tables of samples, refusals and the document fail until they cover it.
public enum OperatorKind: String, CaseIterable, Sendable {
  case linear
  case quantizedLinear = "quantized_linear"
  case matmulTransposed = "matmul_transposed"
  case conv2d
  case convTranspose2d = "conv_transpose2d"
  case attention
  case quantizedAttention = "quantized_attention"
  case axialAttention = "axial_attention"
  case layerNorm = "layer_norm"
  case batchNorm = "batch_norm"
  case activation
  case add
  case multiply
  case affine
  case rotatePairs = "rotate_pairs"
  case dequantize
  case maxPool = "max_pool"
  case averagePool = "average_pool"
  case resize
  case windowPartition = "window_partition"
  case windowMerge = "window_merge"
  case reshape
  case transpose
  case concat
  case slice
  case broadcast
  case gather
  case fourierFeatures = "fourier_features"
  case sineFeatures = "sine_features"
  case pixelGrid = "pixel_grid"
  case sineGrid = "sine_grid"
  case rotaryTable = "rotary_table"
  case fill

  public init(_ op: Op) {
    self =
      switch op {
      case .linear: .linear
      case .quantizedLinear: .quantizedLinear
      case .matmulTransposed: .matmulTransposed
      case .conv2d: .conv2d
      case .convTranspose2d: .convTranspose2d
      case .attention: .attention
      case .quantizedAttention: .quantizedAttention
      case .axialAttention: .axialAttention
      case .layerNorm: .layerNorm
      case .batchNorm: .batchNorm
      case .activation: .activation
      case .add: .add
      case .multiply: .multiply
      case .affine: .affine
      case .rotatePairs: .rotatePairs
      case .dequantize: .dequantize
      case .maxPool: .maxPool
      case .averagePool: .averagePool
      case .resize: .resize
      case .windowPartition: .windowPartition
      case .windowMerge: .windowMerge
      case .reshape: .reshape
      case .transpose: .transpose
      case .concat: .concat
      case .slice: .slice
      case .broadcast: .broadcast
      case .gather: .gather
      case .fourierFeatures: .fourierFeatures
      case .sineFeatures: .sineFeatures
      case .pixelGrid: .pixelGrid
      case .sineGrid: .sineGrid
      case .rotaryTable: .rotaryTable
      case .fill: .fill
      }
  }
}
