internal import Graph

// Names of steps in `StepTiming`.

extension StepKernel {
  /// The operators that the step covers: "linear", or "norm+int8+float".
  var name: String {
    switch self {
    case .single(let kernel): kernel.name
    case .rows(let chain): chain.name
    case .image(let chain): chain.links.map(\.name).joined(separator: "+")
    case .attention(let attention): attention.name
    case .tokens(let attention): attention.name
    case .roundTokens(let rounding): rounding.addsCodes ? "add+round tokens" : "round tokens"
    }
  }
}

extension OperatorKernel {
  fileprivate var name: String {
    switch self {
    case .linear: "linear"
    case .quantizedLinear: "quantized_linear"
    case .matmulTransposed: "matmul_transposed"
    case .convolution(_, _, let addsResidual): addsResidual ? "conv2d+residual" : "conv2d"
    case .depthwise: "depthwise_conv2d"
    case .transposedConvolution: "conv_transpose2d"
    case .layerNorm: "layer_norm"
    case .batchNorm: "batch_norm"
    case .activation(let kind): "\(kind)"
    case .combine(.add, _): "add"
    case .combine(.multiply, _): "multiply"
    case .affine: "affine"
    case .rotatePairs: "rotate_pairs"
    case .dequantize: "dequantize"
    case .maxPool: "max_pool"
    case .averagePool: "average_pool"
    case .resize: "resize"
    case .windowPartition: "window_partition"
    case .windowMerge: "window_merge"
    case .copyRows: "copy"
    case .repeat: "broadcast"
    case .transpose: "transpose"
    case .concat: "concat"
    case .slice: "slice"
    case .gather: "gather"
    case .fourierFeatures: "fourier_features"
    case .sineFeatures: "sine_features"
    case .pixelGrid: "pixel_grid"
    case .sineGrid: "sine_grid"
    case .rotaryTable: "rotary_table"
    case .fill: "fill"
    }
  }
}

extension RowChain {
  fileprivate var name: String { links.map(\.name).joined(separator: "+") }
}

extension RowChain.Link {
  fileprivate var name: String {
    switch self {
    case .norm: "norm"
    case .windows: "windows"
    case .product(let product): product.isQuantized ? "int8" : "float"
    case .residual: "residual"
    case .pool: "pool"
    case .rotation: "rotate"
    }
  }
}

extension ImageChain.Link {
  fileprivate var name: String {
    switch self {
    case .transposedConvolution: "conv_transpose2d"
    case .add: "add"
    case .norm: "norm"
    case .activate(let kind): "\(kind)"
    case .filter: "filter"
    }
  }
}

extension AttentionStep {
  fileprivate var name: String {
    let attention = arithmetic == .int8 ? "int8 attention" : "float attention"
    switch keys {
    case .rows: return attention
    case .chain(let keys):
      return [keys.codes == nil ? nil : "add", keys.chain.name, attention].compactMap { $0 }
        .joined(separator: "+")
    case .windows(let windows):
      let pool = windows.columns.pool > 1 ? "pool+" : ""
      return "\(windows.head.name)+\(pool)\(attention)+\(windows.tail.name)"
    case .tokens: return "axial attention"
    }
  }
}

extension TokenAttention {
  fileprivate var name: String {
    switch self {
    case .tokensToImage(let attention):
      ([attention.keys, attention.values].compactMap(\.projectionName) + ["attention"])
        .joined(separator: "+")
    case .imageToTokens(let attention):
      ([attention.queries.projectionName, "attention", "float"].compactMap { $0 }
        + (attention.residual == nil ? [] : ["residual"])
        + (attention.norm == nil ? [] : ["norm"])).joined(separator: "+")
    }
  }
}

extension CellRows {
  fileprivate var projectionName: String? {
    switch projection {
    case .none: nil
    case .heads: "float"
    }
  }
}
