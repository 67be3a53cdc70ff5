internal import Graph

/// What a step works out from its shapes, once, when it is planned: running it allocates nothing.
enum StepGeometry {
  case none
  /// Two operands, or one that is repeated, over the result.
  case broadcast(BroadcastLoop)
  case resize(rows: ResizeTaps, columns: ResizeTaps)
  /// Elements of the source from one place to the next, by axis of the result.
  case strides([Int])
  case rowChain(ChainLayout)
  case windowChain(WindowLayout)

  init(_ op: Op, operands: [View], result: View) {
    switch op {
    case .add, .multiply:
      self = .broadcast(BroadcastLoop(operands[0].shape, operands[1].shape, result.shape))
    case .reshape, .broadcast:
      // Of equal counts the rows are copied as they are.
      self =
        operands[0].elementCount == result.elementCount
        ? .none : .broadcast(BroadcastLoop(operands[0].shape, result.shape, result.shape))
    case .resize(let p):
      let (x, y) = (operands[0].shape, result.shape)
      self = .resize(
        rows: ResizeTaps(p.mode, from: x[1], to: y[1]),
        columns: ResizeTaps(p.mode, from: x[2], to: y[2]))
    case .transpose(let axes):
      let shape = operands[0].shape
      var strides = Array(repeating: 1, count: shape.count)
      for axis in stride(from: shape.count - 2, through: 0, by: -1) {
        strides[axis] = strides[axis + 1] * shape[axis + 1]
      }
      self = .strides(axes.map { strides[$0] })
    default: self = .none
    }
  }
}
