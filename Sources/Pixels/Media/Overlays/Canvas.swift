/// A picture under a brush.
struct Canvas {
  private(set) var image: RGBImage

  private static let positive = RGBColour(40, 220, 70)
  private static let negative = RGBColour(235, 50, 50)

  init(_ image: RGBImage) { self.image = image }

  // MARK: - Masks

  /// Mixes `colour` into the pixels of `mask`.
  mutating func tint(_ mask: BinaryMask, _ colour: RGBColour, opacity: Double) {
    let share = Int((min(max(opacity, 0), 1) * 256).rounded())
    let (red, green, blue) = (Int(colour.red), Int(colour.green), Int(colour.blue))
    func mixed(_ old: UInt8, _ new: Int) -> UInt8 {
      UInt8((Int(old) * (256 - share) + new * share + 128) >> 8)
    }
    for i in mask.bits.indices where mask.bits[i] {
      image.pixels[3 * i] = mixed(image.pixels[3 * i], red)
      image.pixels[3 * i + 1] = mixed(image.pixels[3 * i + 1], green)
      image.pixels[3 * i + 2] = mixed(image.pixels[3 * i + 2], blue)
    }
  }

  /// Draws the pixels of `mask` that are within `lineWidth` of its outside, and darkens the pixels
  /// just outside, so that the line shows on a ground of its own colour.
  mutating func contour(_ mask: BinaryMask, _ colour: RGBColour, lineWidth: Int) {
    guard let box = mask.boundingBox else { return }
    let casing = (lineWidth + 1) / 2
    for y in max(box.top - casing, 0)...min(box.bottom + casing, mask.height - 1) {
      for x in max(box.left - casing, 0)...min(box.right + casing, mask.width - 1) {
        if mask[x, y] {
          if isNear(mask, x, y, distance: lineWidth, inside: false) { image[x, y] = colour }
        } else if isNear(mask, x, y, distance: casing, inside: true) {
          blend(x, y, .black, share: 0.6)
        }
      }
    }
  }

  /// Whether a pixel that is `inside`, or one that is not, is in the same row or column.
  ///
  /// The edge of the picture does not count: no line where an object leaves it.
  private func isNear(
    _ mask: BinaryMask, _ x: Int, _ y: Int, distance: Int, inside: Bool
  ) -> Bool {
    for step in 1...distance {
      if x >= step, mask[x - step, y] == inside { return true }
      if x + step < mask.width, mask[x + step, y] == inside { return true }
      if y >= step, mask[x, y - step] == inside { return true }
      if y + step < mask.height, mask[x, y + step] == inside { return true }
    }
    return false
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

  /// A disc with a white rim, its edges softened over one pixel.
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
      // Dark beside the line, for grounds as green as itself.
      canvas.blend(x, y, .black, share: min(half + 1 - abs(inside) + 0.5, 0.5))
      canvas.blend(x, y, Canvas.positive, share: half - abs(inside) + 0.5)
    }
  }

  /// Visits the pixels between two corners that are in the picture.
  private mutating func forEachPixel(
    _ left: Double, _ top: Double, _ right: Double, _ bottom: Double,
    _ body: (inout Canvas, Int, Int) -> Void
  ) {
    // Corners may be anything that a person typed; Int() traps outside its range.
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
