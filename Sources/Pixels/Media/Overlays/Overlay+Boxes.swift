extension Overlay {
  /// Draws boxes with their numbers at the upper-left corner, the first one on top.
  public static func draw(
    _ image: RGBImage, boxes: [(identifier: Int, box: Prompt)]
  ) -> RGBImage {
    var canvas = Canvas(image)
    for (identifier, box) in boxes.reversed() {
      canvas.mark(box)
      guard case .box(let left, let top, _, _) = box else { continue }
      canvas.label(identifier, atX: left, y: top, colour(of: identifier))
    }
    return canvas.image
  }
}
