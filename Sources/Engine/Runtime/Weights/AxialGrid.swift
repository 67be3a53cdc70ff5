internal import CKernels
internal import Graph

/// The grid of an `axial_attention`, whatever the number of its tokens.
struct AxialGrid: Hashable {
  let height: Int
  let width: Int
  let theta: Float
  let hasBias: Bool

  init(_ parameters: AxialAttention) {
    (height, width) = (parameters.height, parameters.width)
    (theta, hasBias) = (parameters.theta, parameters.hasBias)
  }

  /// The part of a task that depends only on the grid and the projection.
  func task(depth: Int, channels: Int) -> sam2_axial_s8 {
    var task = sam2_axial_s8()
    (task.depth, task.channels, task.value_depth) = (depth, channels, 1)
    (task.height, task.width, task.has_bias) = (height, width, hasBias ? 1 : 0)
    return task
  }
}
