internal import Graph

/// One operator with everything that running it needs: weights packed, loops laid out.
///
/// `Planner.kernel` derives it from an `Op`; running it allocates nothing and looks nothing up.
enum OperatorKernel {
  case linear(Linear, PackedMatrix)
  case quantizedLinear(Linear, PackedInt8Matrix)
  case matmulTransposed
  /// With `addsResidual` the last operand is added to the result.
  case convolution(Convolution, PackedMatrix, addsResidual: Bool)
  case depthwise(Convolution, PackedTaps)
  case transposedConvolution(PackedCells)
  case layerNorm(epsilon: Float)
  case batchNorm(epsilon: Float)
  case activation(Activation)
  case combine(Combination, BroadcastLoop)
  case affine(scale: Float, offset: Float)
  case rotatePairs(rotated: Int)
  case dequantize
  case maxPool(window: Int)
  case averagePool(window: Int)
  case resize(rows: ResizeTaps, columns: ResizeTaps)
  case windowPartition(window: Int)
  case windowMerge(window: Int)
  /// Rows of the operand in order: a reshape whose operand is strided.
  case copyRows
  case `repeat`(BroadcastLoop)
  /// Elements of the source from one place to the next, by axis of the result.
  case transpose(strides: [Int])
  case concat(axis: Int)
  case slice(axis: Int, start: Int)
  case gather
  case fourierFeatures
  case sineFeatures(channels: Int, temperature: Float)
  case pixelGrid(height: Int, width: Int)
  case sineGrid(height: Int, width: Int, channels: Int, temperature: Float)
  case rotaryTable(RotaryTable)
  case fill(Float)
}

/// Two operands combined element by element.
enum Combination {
  case add
  case multiply
}
