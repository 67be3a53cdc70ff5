import Bytes

// Prompts come from outside, and a click beside the picture is nearly always a mistake in units.

extension Prompt {
  /// Checks the prompt against a picture of `width` x `height` and a model of input size `imageSize`.
  /// - Throws: `prompt.empty`, `prompt.mask_shape`, and what `validate(points:box:)` throws.
  func validate(width: Int, height: Int, imageSize: Int) throws(Failure) {
    guard !points.isEmpty || box != nil || maskLogits != nil else {
      throw Failure(
        .usage, code: "prompt.empty", "a prompt has neither points nor box nor mask",
        hint: "give at least one of them")
    }
    try Prompt.validate(points: points, box: box, width: width, height: height)
    guard let maskLogits else { return }
    let side = imageSize / 4
    let dimensions = maskLogits.shape.dimensions
    guard dimensions == [side, side] || dimensions == [1, side, side] else {
      throw Failure(
        .usage, code: "prompt.mask_shape",
        "a mask prompt has shape \(maskLogits.shape), not [\(side), \(side)]",
        hint: "pass the low-resolution logits that this model gave earlier")
    }
    guard maskLogits.dtype.isFloatingPoint, maskLogits.floats().allSatisfy(\.isFinite) else {
      throw Failure(
        .usage, code: "prompt.mask_values", "a mask prompt must hold finite floating-point logits")
    }
  }

  /// More clicks than anybody makes; the work grows with their square.
  static let pointLimit = 10_000

  /// Checks clicks and a box against a picture of `width` x `height`.
  /// - Throws: `prompt.too_many_points`, `prompt.point_outside`, `prompt.label`, `prompt.box_order`, `prompt.box_outside`.
  static func validate(
    points: [Point], box: Box?, width: Int, height: Int
  ) throws(Failure) {
    guard points.count <= pointLimit else {
      throw Failure(
        .usage, code: "prompt.too_many_points",
        "a prompt has \(points.count) points, more than \(pointLimit)")
    }
    for (index, point) in points.enumerated() {
      guard (-1...3).contains(point.label) else {
        throw Failure(
          .usage, code: "prompt.label", "label \(point.label) is not one of -1, 0, 1, 2, 3",
          place: "point \(index)", hint: "1 marks the object, 0 marks what is not part of it")
      }
      guard point.x >= 0, point.x < Float(width), point.y >= 0, point.y < Float(height) else {
        throw Failure(
          .usage, code: "prompt.point_outside",
          "point (\(point.x), \(point.y)) lies outside the \(width)x\(height) picture",
          place: "point \(index)", hint: "coordinates are pixels of the original picture, x first")
      }
    }
    guard let box else { return }
    guard box.x0 < box.x1, box.y0 < box.y1 else {
      throw Failure(
        .usage, code: "prompt.box_order",
        "box (\(box.x0), \(box.y0), \(box.x1), \(box.y1)) has no area",
        hint: "give the upper left corner, then the lower right one: x0,y0,x1,y1")
    }
    guard box.x0 >= 0, box.y0 >= 0, box.x1 <= Float(width), box.y1 <= Float(height) else {
      throw Failure(
        .usage, code: "prompt.box_outside",
        "box (\(box.x0), \(box.y0), \(box.x1), \(box.y1)) does not lie inside "
          + "the \(width)x\(height) picture",
        hint: "coordinates are pixels of the original picture")
    }
  }
}
