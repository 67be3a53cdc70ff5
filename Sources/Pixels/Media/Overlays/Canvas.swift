/// A picture to draw on.
struct Canvas {
  private(set) var image: RGBImage

  private static let positive = RGBColour(40, 220, 70)
  private static let negative = RGBColour(235, 50, 50)

  init(_ image: RGBImage) { self.image = image }

  // MARK: - Masks

  /// Mixes `colour` into the pixels of `mask`.
  mutating func tint(_ mask: BinaryMask, _ colour: RGBColour, opacity: Double) {
    let share = Int((min(max(opacity, 0), 1) * 256).rounded())
    let tables = [colour.red, colour.green, colour.blue].map { new in
      (0...255).map { old in UInt8((old * (256 - share) + Int(new) * share + 128) >> 8) }
    }
    OverlayLoops.tint(&image.pixels, mask, tables)
  }

  /// Draws the pixels of `mask` within `lineWidth` of its outside, and darkens the pixels just
  /// outside, so that the line is visible on a background of the same colour.
  mutating func contour(_ mask: BinaryMask, _ colour: RGBColour, lineWidth: Int) {
    guard let box = mask.boundingBox else { return }
    let casing = (lineWidth + 1) / 2
    let columns = max(box.left - casing, 0)..<min(box.right + casing + 1, mask.width)
    for y in max(box.top - casing, 0)...min(box.bottom + casing, mask.height - 1) {
      // The edge of the picture does not count: no line is drawn where an object leaves it.
      let edge = OverlayLoops.edge(
        of: mask, row: y, columns: columns, inside: lineWidth, outside: casing)
      for (index, x) in columns.enumerated() {
        if edge.inner[index] != 0 {
          image[x, y] = colour
        } else if edge.outer[index] != 0 {
          blend(x, y, .black, share: 0.6)
        }
      }
    }
  }

  // MARK: - Prompts

  mutating func mark(_ prompt: Overlay.Prompt) {
    switch prompt {
    case .point(let x, let y, let isPositive):
      dot(x, y, isPositive ? Canvas.positive : Canvas.negative)
    case .box(let left, let top, let right, let bottom):
      rectangle(left, top, right, bottom)
    }
  }

  private var unit: Double { max(1, Double(min(image.width, image.height)) / 240) }

  /// Draws a disc with a white rim, its edges softened over one pixel.
  private mutating func dot(_ centerX: Double, _ centerY: Double, _ colour: RGBColour) {
    let radius = 3.2 * unit
    let rim = radius + 1.3 * unit
    forEachPixel(centerX - rim - 1, centerY - rim - 1, centerX + rim + 1, centerY + rim + 1) {
      canvas, x, y in
      let (dx, dy) = (Double(x) - centerX, Double(y) - centerY)
      let distance = (dx * dx + dy * dy).squareRoot()
      canvas.blend(x, y, .white, share: rim - distance + 0.5)
      canvas.blend(x, y, colour, share: radius - distance + 0.5)
    }
  }

  private mutating func rectangle(
    _ left: Double, _ top: Double, _ right: Double, _ bottom: Double
  ) {
    let half = max(1, 0.8 * unit)
    forEachPixel(left - half - 1, top - half - 1, right + half + 1, bottom + half + 1) {
      canvas, x, y in
      let inside = min(
        min(Double(x) - left, right - Double(x)), min(Double(y) - top, bottom - Double(y)))
      // Dark beside the line, for backgrounds as green as the line itself.
      canvas.blend(x, y, .black, share: min(half + 1 - abs(inside) + 0.5, 0.5))
      canvas.blend(x, y, Canvas.positive, share: half - abs(inside) + 0.5)
    }
  }

  /// Visits the pixels of the picture between two corners.
  private mutating func forEachPixel(
    _ left: Double, _ top: Double, _ right: Double, _ bottom: Double,
    _ body: (inout Canvas, Int, Int) -> Void
  ) {
    // Corners may be anything a person typed; Int() traps outside its range.
    func pixel(_ position: Double, _ limit: Int) -> Int {
      position.isNaN ? 0 : Int(min(max(position, 0), Double(limit)))
    }
    let (firstX, lastX) = (pixel(left, image.width), pixel(right, image.width - 1))
    let (firstY, lastY) = (pixel(top, image.height), pixel(bottom, image.height - 1))
    guard firstX <= lastX, firstY <= lastY else { return }
    for y in firstY...lastY {
      for x in firstX...lastX { body(&self, x, y) }
    }
  }

  mutating func blend(_ x: Int, _ y: Int, _ colour: RGBColour, share: Double) {
    guard share > 0 else { return }
    let weight = min(share, 1)
    func mixed(_ old: UInt8, _ new: UInt8) -> UInt8 {
      UInt8((Double(old) + (Double(new) - Double(old)) * weight).rounded())
    }
    let old = image[x, y]
    image[x, y] = RGBColour(
      mixed(old.red, colour.red), mixed(old.green, colour.green), mixed(old.blue, colour.blue))
  }
}
