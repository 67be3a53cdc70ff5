import Bytes
import Graph

extension GraphDecoder {
  /// Reads the payload of an operator; the counterpart of `GraphEncoder.append(payload:)`.
  mutating func readOp(_ code: OpCode) throws(Failure) -> Op {
    switch code {
    case .linear: .linear(try readLinear())
    case .quantizedLinear: .quantizedLinear(try readLinear())
    case .matmulTransposed: .matmulTransposed
    case .conv2d: .conv2d(try readConvolution())
    case .convTranspose2d: .convTranspose2d(stride: try readInteger())
    case .attention: .attention(heads: try readInteger(), scale: try readFloat())
    case .quantizedAttention:
      .quantizedAttention(heads: try readInteger(), scale: try readFloat())
    case .axialAttention: .axialAttention(try readAxialAttention())
    case .layerNorm: .layerNorm(epsilon: try readFloat())
    case .batchNorm: .batchNorm(epsilon: try readFloat())
    case .activation: .activation(try readCase("activation"))
    case .add: .add
    case .multiply: .multiply
    case .affine: .affine(scale: try readFloat(), offset: try readFloat())
    case .rotatePairs: .rotatePairs(rotated: try readDim())
    case .dequantize: .dequantize
    case .maxPool: .maxPool(window: try readInteger())
    case .averagePool: .averagePool(window: try readInteger())
    case .resize:
      .resize(
        Resize(try readCase("resize mode"), height: try readInteger(), width: try readInteger()))
    case .windowPartition: .windowPartition(window: try readInteger())
    case .windowMerge:
      .windowMerge(window: try readInteger(), height: try readInteger(), width: try readInteger())
    case .reshape: .reshape(try readShape())
    case .transpose: .transpose(try readAxes())
    case .concat: .concat(axis: try readAxis())
    case .slice: .slice(axis: try readAxis(), start: try readDim(), count: try readDim())
    case .broadcast: .broadcast(try readShape())
    case .gather: .gather
    case .fourierFeatures: .fourierFeatures
    case .sineFeatures:
      .sineFeatures(channels: try readInteger(), temperature: try readFloat())
    case .pixelGrid: .pixelGrid(height: try readInteger(), width: try readInteger())
    case .sineGrid:
      .sineGrid(
        height: try readInteger(), width: try readInteger(), channels: try readInteger(),
        temperature: try readFloat())
    case .rotaryTable: .rotaryTable(try readRotaryTable())
    case .fill: .fill(try readFloat(isInfinityMeaningful: true), try readShape())
    }
  }

  private mutating func readLinear() throws(Failure) -> Linear {
    Linear(
      hasBias: try readFlag(), activation: try readCase("activation"),
      hasResidual: try readFlag())
  }

  private mutating func readConvolution() throws(Failure) -> Convolution {
    Convolution(
      kernel: try readInteger(), stride: try readInteger(), padding: try readInteger(atLeast: 0),
      groups: try readInteger(), hasBias: try readFlag())
  }

  private mutating func readAxialAttention() throws(Failure) -> AxialAttention {
    AxialAttention(
      scale: try readFloat(), height: try readInteger(), width: try readInteger(),
      theta: try readFloat(), rotated: try readDim(), hasBias: try readFlag())
  }

  private mutating func readRotaryTable() throws(Failure) -> RotaryTable {
    RotaryTable(
      height: try readInteger(), width: try readInteger(), pairs: try readInteger(),
      theta: try readFloat(), part: try readCase("part of a rotary table"))
  }
}
