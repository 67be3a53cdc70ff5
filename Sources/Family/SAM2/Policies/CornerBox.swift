import Media

/// The corners of a mask, or of the place where one is expected, in pixels.
struct CornerBox: Sendable, Equatable {
  var left: Double
  var top: Double
  var right: Double
  var bottom: Double

  /// The box around the positive pixels of a plane [height, width]: first and last column and row.
  /// - Returns: nil when there are none.
  init?(of plane: [Float], width: Int) {
    self.init(width: width, height: plane.count / max(width, 1)) { plane[$0] > 0 }
  }

  /// The box around the pixels of a mask.
  /// - Returns: nil when there are none.
  init?(of mask: BinaryMask) {
    guard let box = mask.boundingBox else { return nil }
    (left, top) = (Double(box.left), Double(box.top))
    (right, bottom) = (Double(box.right), Double(box.bottom))
  }

  /// The box around the pixels for which `isInside` is true; it takes their indices in reading
  /// order.
  init?(width: Int, height: Int, isInside: (Int) -> Bool) {
    var (left, right, top, bottom) = (width, -1, height, -1)
    for y in 0..<height {
      let row = y * width
      guard let first = (0..<width).first(where: { isInside(row + $0) }) else { continue }
      var last = width - 1
      while !isInside(row + last) { last -= 1 }
      left = min(left, first)
      right = max(right, last)
      top = min(top, y)
      bottom = y
    }
    guard right >= 0 else { return nil }
    (self.left, self.top) = (Double(left), Double(top))
    (self.right, self.bottom) = (Double(right), Double(bottom))
  }

  /// From (xc, yc, w/h, h); any further elements are ignored.
  init(centre: [Double]) {
    let (width, height) = (centre[2] * centre[3], centre[3])
    left = centre[0] - width / 2
    right = centre[0] + width / 2
    top = centre[1] - height / 2
    bottom = centre[1] + height / 2
  }

  /// The box of a mask without pixels, as SAMURAI defines it.
  static let empty = CornerBox(left: 0, top: 0, right: 0, bottom: 0)

  init(left: Double, top: Double, right: Double, bottom: Double) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
  }

  /// (xc, yc, w/h, h); a height of 0 counts as 1.
  var measurement: [Double] {
    let height = bottom - top == 0 ? 1 : bottom - top
    return [(left + right) / 2, (top + bottom) / 2, (right - left) / height, height]
  }

  /// Area of the intersection over area of the union; 0 if the union has no area.
  func intersectionOverUnion(_ other: CornerBox) -> Double {
    let width = max(0, min(right, other.right) - max(left, other.left))
    let height = max(0, min(bottom, other.bottom) - max(top, other.top))
    let union = area + other.area - width * height
    return union != 0 ? width * height / union : 0
  }

  private var area: Double { (right - left) * (bottom - top) }

  /// The smallest box around both.
  func union(_ other: CornerBox) -> CornerBox {
    CornerBox(
      left: min(left, other.left), top: min(top, other.top), right: max(right, other.right),
      bottom: max(bottom, other.bottom))
  }

  /// The box extended to include the whole of its last column and row.
  var withLastPixels: CornerBox {
    CornerBox(left: left, top: top, right: right + 1, bottom: bottom + 1)
  }
}
