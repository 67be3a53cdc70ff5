public import Bytes

// Prompts come from outside. Positions outside the picture are handled as in the reference.

extension Prompt {
  /// Checks the prompt for a model of input size `imageSize`.
  /// - Throws: `prompt.empty`, `prompt.mask_shape`, and what `validate(points:box:)` throws.
  func validate(imageSize: Int) throws(Failure) {
    guard !points.isEmpty || box != nil || maskLogits != nil else {
      throw Failure(
        .usage, code: "prompt.empty", "a prompt has neither points nor box nor mask",
        hint: "give at least one of them")
    }
    try Prompt.validate(points: points, box: box)
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

  /// More clicks than anyone would place; the work grows with the square of their number.
  static let pointLimit = 10_000

  /// Larger than any picture's coordinates; the position code is a sine of them.
  static let coordinateLimit: Float = 1e9

  /// Checks clicks and a box.
  /// - Throws: `prompt.too_many_points`, `prompt.coordinate`, `prompt.label`, `prompt.box_order`.
  static func validate(points: [Point], box: Box?) throws(Failure) {
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
      try check([point.x, point.y], "point (\(point.x), \(point.y))", place: "point \(index)")
    }
    guard let box else { return }
    try check([box.x0, box.y0, box.x1, box.y1], box.text, place: "box")
    guard box.x0 < box.x1, box.y0 < box.y1 else {
      throw Failure(
        .usage, code: "prompt.box_order", "\(box.text) has no area",
        hint: "give the upper left corner, then the lower right one: x0,y0,x1,y1")
    }
  }

  private static func check(
    _ coordinates: [Float], _ text: String, place: String
  ) throws(Failure) {
    guard !coordinates.allSatisfy({ abs($0) <= coordinateLimit }) else { return }
    throw Failure(
      .usage, code: "prompt.coordinate", "\(text) is nowhere near a picture", place: place,
      hint: "coordinates are pixels of the original picture, x first")
  }
}

extension Prompt.Box {
  fileprivate var text: String { "box (\(x0), \(y0), \(x1), \(y1))" }
}

extension Prompt {
  /// Notices about clicks and a box that are not entirely inside a picture of `width` x `height`.
  ///
  /// The answer is that of the reference, but a position outside the picture is often a mistake in
  /// units.
  public static func notices(
    points: [Point], box: Box?, width: Int, height: Int
  ) -> [Notice] {
    let (right, bottom) = (Float(width), Float(height))
    // Coordinates further out are refused.
    func isNear(_ coordinates: Float...) -> Bool {
      coordinates.allSatisfy { abs($0) <= coordinateLimit }
    }
    var outside = points.filter { point in
      isNear(point.x, point.y)
        && !(point.x >= 0 && point.x < right && point.y >= 0 && point.y < bottom)
    }.map { "point (\($0.x), \($0.y))" }
    if let box, isNear(box.x0, box.y0, box.x1, box.y1),
      !(box.x0 >= 0 && box.y0 >= 0 && box.x1 <= right && box.y1 <= bottom)
    {
      outside.append(box.text)
    }
    return outside.map { text in
      Notice(
        .reinterpreted, code: "prompt.outside",
        "\(text) is not inside the \(width)x\(height) picture; it is taken as it is, as the "
          + "official code does", hint: "coordinates are pixels of the original picture, x first")
    }
  }
}
