import Graph

/// Code of an operator in the file; codes are never reused.
enum OpCode: UInt16, CaseIterable {
  // Products.
  case linear = 1
  case quantizedLinear = 2
  case matmulTransposed = 3
  case conv2d = 4
  case convTranspose2d = 5
  case attention = 6
  case quantizedAttention = 7
  case axialAttention = 8
  // Elementwise and rows.
  case layerNorm = 16
  case activation = 17
  case add = 18
  case multiply = 19
  case affine = 20
  case rotatePairs = 21
  case dequantize = 22
  case batchNorm = 24
  // Space.
  case maxPool = 32
  case resize = 33
  case windowPartition = 34
  case windowMerge = 35
  case averagePool = 36
  // Movement.
  case reshape = 48
  case transpose = 49
  case concat = 50
  case slice = 51
  case broadcast = 52
  case gather = 53
  // Positions.
  case fourierFeatures = 64
  case sineFeatures = 65
  case pixelGrid = 66
  case sineGrid = 67
  case rotaryTable = 68
  case fill = 69

  init(_ op: Op) {
    switch op {
    case .linear: self = .linear
    case .quantizedLinear: self = .quantizedLinear
    case .matmulTransposed: self = .matmulTransposed
    case .conv2d: self = .conv2d
    case .convTranspose2d: self = .convTranspose2d
    case .attention: self = .attention
    case .quantizedAttention: self = .quantizedAttention
    case .axialAttention: self = .axialAttention
    case .layerNorm: self = .layerNorm
    case .batchNorm: self = .batchNorm
    case .activation: self = .activation
    case .add: self = .add
    case .multiply: self = .multiply
    case .affine: self = .affine
    case .rotatePairs: self = .rotatePairs
    case .dequantize: self = .dequantize
    case .maxPool: self = .maxPool
    case .averagePool: self = .averagePool
    case .resize: self = .resize
    case .windowPartition: self = .windowPartition
    case .windowMerge: self = .windowMerge
    case .reshape: self = .reshape
    case .transpose: self = .transpose
    case .concat: self = .concat
    case .slice: self = .slice
    case .broadcast: self = .broadcast
    case .gather: self = .gather
    case .fourierFeatures: self = .fourierFeatures
    case .sineFeatures: self = .sineFeatures
    case .pixelGrid: self = .pixelGrid
    case .sineGrid: self = .sineGrid
    case .rotaryTable: self = .rotaryTable
    case .fill: self = .fill
    }
  }
}
