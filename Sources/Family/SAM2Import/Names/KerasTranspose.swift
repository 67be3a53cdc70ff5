/// How a Keras array becomes a PyTorch tensor: an order of axes, and axes of size 1.
enum KerasTranspose: Sendable, CaseIterable {
  /// Unchanged.
  case same
  /// `Dense`: inputs before outputs.
  case matrix
  /// `Conv2D` and `Conv2DTranspose`: height and width before both channels, which swap places.
  case kernel
  /// `DepthwiseConv2D`.
  case depthwiseKernel
  /// One picture with channels last.
  case picture
  /// Pictures with channels last.
  case pictures
  /// A vector that is a row of a matrix.
  case row
  /// A vector that is one cell of a sequence.
  case cell
  /// A matrix that has one vector per moment.
  case moments

  /// The order of the axes, followed by the sizes in PyTorch, for an array of `sizes`; nil when it
  /// has a different number of axes.
  func plan(_ sizes: [Int]) -> (axes: [Int], sizes: [Int])? {
    guard self != .same else { return (Array(sizes.indices), sizes) }
    guard sizes.count == axes.count else { return nil }
    let transposed = axes.map { sizes[$0] }
    switch self {
    case .same, .matrix, .kernel, .depthwiseKernel, .pictures: return (axes, transposed)
    case .picture, .row: return (axes, [1] + transposed)
    case .cell: return (axes, [1, 1] + transposed)
    case .moments: return (axes, [transposed[0], 1, 1, transposed[1]])
    }
  }

  private var axes: [Int] {
    switch self {
    case .same: []
    case .matrix: [1, 0]
    case .kernel: [3, 2, 0, 1]
    case .depthwiseKernel: [2, 3, 0, 1]
    case .picture: [2, 0, 1]
    case .pictures: [0, 3, 1, 2]
    case .row, .cell: [0]
    case .moments: [0, 1]
    }
  }
}
