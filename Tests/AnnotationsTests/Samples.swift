import Media
import TestSupport

@testable import Annotations

/// Masks that are hard to write down.
enum Samples {
  /// Rows of `#` and other characters.
  static func mask(_ rows: String...) -> BinaryMask {
    BinaryMask(
      width: rows[0].count, height: rows.count, bits: rows.flatMap { $0.map { $0 == "#" } })
  }

  static let ring = mask(
    ".......", ".#####.", ".#...#.", ".#.#.#.", ".#...#.", ".#####.", ".......")
  static let corners = mask("#.#", ".#.", "#.#")
  static let dot = mask("....", ".#..", "....")
  static let full = mask("###", "###")

  static let all = [ring, corners, dot, full]

  /// Blobs with noise, holes and parts, of odd sizes.
  static func random(_ random: inout SeededRandom) -> BinaryMask {
    let (width, height) = (
      Int.random(in: 1...40, using: &random), Int.random(in: 1...40, using: &random)
    )
    let centre = (
      Double.random(in: 0...40, using: &random), Double.random(in: 0...40, using: &random)
    )
    let radius = Double.random(in: 1...25, using: &random)
    let noise = Double.random(in: 0...0.2, using: &random)
    var mask = BinaryMask(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let (dx, dy) = (Double(x) - centre.0, Double(y) - centre.1)
        let inside = dx * dx + dy * dy < radius * radius
        mask[x, y] = inside != (Double.random(in: 0..<1, using: &random) < noise)
      }
    }
    return mask
  }

  /// A picture of two overlapping objects, and a third that is empty.
  static var picture: AnnotatedPicture {
    let a = mask("##..", "##..", "....")
    let b = mask(".##.", ".##.", "...#")
    let masks = [(1, a), (2, b), (3, BinaryMask(width: 4, height: 3))]
    return AnnotatedPicture(
      name: "dog <1>.jpg", stem: "dog <1>", index: 0, width: 4, height: 3,
      masks: masks.map { AnnotatedMask(object: $0.0, score: 0.5, mask: $0.1) })
  }
}

/// Whether a position is inside a polygon, by counting crossings to the left of it.
func contains(_ polygon: [Outline.Point], _ x: Double, _ y: Double) -> Bool {
  var isInside = false
  var before = polygon[polygon.count - 1]
  for point in polygon {
    if (point.y > y) != (before.y > y),
      x < (before.x - point.x) * (y - point.y) / (before.y - point.y) + point.x
    {
      isInside.toggle()
    }
    before = point
  }
  return isInside
}
