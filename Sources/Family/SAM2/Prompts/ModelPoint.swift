/// A click in pixels of the model's S x S input.
struct ModelPoint: Sendable, Hashable {
  var x: Float
  var y: Float
  /// -1...3; see `Prompt.Point`.
  var label: Int32

  /// The meaningless point that the prompt encoder expects after the clicks.
  static let padding = ModelPoint(x: 0, y: 0, label: -1)

  /// The corners of `box` followed by `points`, scaled from a picture of `width` x `height`.
  ///
  /// Divides first, then multiplies, in single precision, as the reference does.
  static func scaled(
    points: [Prompt.Point], box: Prompt.Box?, width: Int, height: Int, imageSize: Int
  ) -> [ModelPoint] {
    func scaled(_ x: Float, _ y: Float, _ label: Int) -> ModelPoint {
      ModelPoint(
        x: x / Float(width) * Float(imageSize), y: y / Float(height) * Float(imageSize),
        label: Int32(label))
    }
    let corners = box.map { [scaled($0.x0, $0.y0, 2), scaled($0.x1, $0.y1, 3)] } ?? []
    return corners + points.map { scaled($0.x, $0.y, $0.label) }
  }
}
