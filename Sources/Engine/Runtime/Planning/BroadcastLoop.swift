/// Two broadcast operands as an outer loop over runs of equal pattern.
struct BroadcastLoop {
  /// Operands that advance along the inner run.
  enum Inner {
    case both
    case scalarA
    case scalarB
  }

  private(set) var inner = Inner.both
  private(set) var innerCount = 1
  private(set) var outerCount = 1
  /// Outer axes, outermost first: size, and elements that a and b move by.
  private var axes: [(size: Int, strideA: Int, strideB: Int)] = []

  init(_ a: [Int], _ b: [Int], _ result: [Int]) {
    let a = Array(repeating: 1, count: result.count - a.count) + a
    let b = Array(repeating: 1, count: result.count - b.count) + b
    var (strideA, strideB) = (1, 1)
    var started = false
    var open = true
    for axis in result.indices.reversed() where result[axis] != 1 {
      let kind: Inner = a[axis] == 1 ? .scalarA : (b[axis] == 1 ? .scalarB : .both)
      if !started { (inner, started) = (kind, true) }
      if open, kind == inner {
        innerCount *= result[axis]
      } else {
        open = false
        axes.insert(
          (result[axis], a[axis] == 1 ? 0 : strideA, b[axis] == 1 ? 0 : strideB), at: 0)
        outerCount *= result[axis]
      }
      strideA *= a[axis]
      strideB *= b[axis]
    }
  }

  /// Offsets of a and b for outer index `outer`.
  func offsets(_ outer: Int) -> (a: Int, b: Int) {
    var rest = outer
    var (offsetA, offsetB) = (0, 0)
    for axis in axes.reversed() {
      let index = rest % axis.size
      rest /= axis.size
      offsetA += index * axis.strideA
      offsetB += index * axis.strideB
    }
    return (offsetA, offsetB)
  }
}
