public import Tensors

/// The boxes of one picture, one per patch, whatever the queries.
public struct PictureBoxes: Sendable {
  public let width: Int
  public let height: Int
  /// [n, 4] in 0...1 of the detector's square picture: centre x and y, width and height.
  public let boxes: Tensor
  /// [n]: logit that the box holds an object at all; nil for a detector without this head.
  public let objectness: Tensor?
  /// [1, n, D], [1, n, 1], [1, n, 1]: the vectors compared with queries, then shift and scale.
  let classes: Tensor
  let shift: Tensor
  let scale: Tensor
  /// Sides of the detector's square picture in pixels of this one.
  let (scaleX, scaleY): (Float, Float)

  var count: Int { boxes.shape[0] }
  /// Width of a query.
  var queryWidth: Int { classes.shape[2] }

  /// The box of patch `index` in `values`, the elements of `boxes`, in pixels; it may reach beyond
  /// the picture.
  func box(_ index: Int, of values: UnsafeBufferPointer<Float>) -> Detection.Box {
    let (x, y) = (values[4 * index], values[4 * index + 1])
    let (w, h) = (values[4 * index + 2] / 2, values[4 * index + 3] / 2)
    return Detection.Box(
      x0: (x - w) * scaleX, y0: (y - h) * scaleY, x1: (x + w) * scaleX, y1: (y + h) * scaleY)
  }

  /// All boxes, in pixels.
  var pixelBoxes: [Detection.Box] {
    boxes.withFloats { values in (0..<count).map { box($0, of: values) } }
  }
}

extension Tensor {
  /// Calls `body` with the elements of a contiguous float32 tensor, as graphs return it.
  func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
    withUnsafeBytes { body($0.bindMemory(to: Float.self)) }
  }
}
