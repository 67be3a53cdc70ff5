extension Op {
  /// The operator's name as it appears in output, profiles and lists.
  public var name: String {
    switch self {
    case .linear: "linear"
    case .quantizedLinear: "quantized_linear"
    case .matmulTransposed: "matmul_transposed"
    case .conv2d: "conv2d"
    case .convTranspose2d: "conv_transpose2d"
    case .attention: "attention"
    case .quantizedAttention: "quantized_attention"
    case .axialAttention: "axial_attention"
    case .layerNorm: "layer_norm"
    case .batchNorm: "batch_norm"
    case .activation: "activation"
    case .add: "add"
    case .multiply: "multiply"
    case .affine: "affine"
    case .rotatePairs: "rotate_pairs"
    case .dequantize: "dequantize"
    case .maxPool: "max_pool"
    case .averagePool: "average_pool"
    case .resize: "resize"
    case .windowPartition: "window_partition"
    case .windowMerge: "window_merge"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .concat: "concat"
    case .slice: "slice"
    case .broadcast: "broadcast"
    case .gather: "gather"
    case .fourierFeatures: "fourier_features"
    case .sineFeatures: "sine_features"
    case .pixelGrid: "pixel_grid"
    case .sineGrid: "sine_grid"
    case .rotaryTable: "rotary_table"
    case .fill: "fill"
    }
  }

  /// Names of the operands, in order; nil for `concat`, which takes any number.
  public var operandNames: [String]? {
    switch self {
    case .linear(let p):
      ["x", "weight"] + (p.hasBias ? ["bias"] : []) + (p.hasResidual ? ["residual"] : [])
    case .quantizedLinear(let p):
      ["x", "weight", "scale"] + (p.hasBias ? ["bias"] : []) + (p.hasResidual ? ["residual"] : [])
    case .conv2d(let p): ["x", "weight"] + (p.hasBias ? ["bias"] : [])
    case .convTranspose2d: ["x", "weight", "bias"]
    case .attention, .quantizedAttention: ["query", "key", "value"]
    case .axialAttention(let p):
      ["query", "tokens", "value", "weight", "scale"] + (p.hasBias ? ["bias"] : [])
    case .layerNorm: ["x", "weight", "bias"]
    case .batchNorm: ["x", "weight", "bias", "mean", "variance"]
    case .rotatePairs: ["x", "cosine", "sine"]
    case .dequantize: ["x", "scale"]
    case .matmulTransposed, .add, .multiply: ["a", "b"]
    case .gather: ["table", "indices"]
    case .fourierFeatures: ["x", "matrix"]
    case .activation, .affine, .maxPool, .averagePool, .resize, .windowPartition, .windowMerge,
      .reshape, .transpose, .slice, .broadcast, .sineFeatures:
      ["x"]
    case .pixelGrid, .sineGrid, .rotaryTable, .fill: []
    case .concat: nil
    }
  }
}
