/// A closed line along the edges between a mask's pixels and those outside it.
///
/// The mask is to the right of the direction of travel: clockwise on the screen around an outer
/// border, anticlockwise around a hole. Pixels that touch at a corner are connected.
public struct Outline: Sendable {
  /// A position in pixels from the top-left corner of the picture.
  public struct Point: Sendable, Hashable {
    public var x: Double
    public var y: Double

    public init(x: Double, y: Double) {
      self.x = x
      self.y = y
    }
  }

  enum Direction: Int {
    case right, down, left, up

    var rotatedLeft: Direction { Direction(rawValue: (rawValue + 3) % 4) ?? .right }
    var rotatedRight: Direction { Direction(rawValue: (rawValue + 1) % 4) ?? .right }
    var step: (x: Int, y: Int) {
      switch self {
      case .right: (1, 0)
      case .down: (0, 1)
      case .left: (-1, 0)
      case .up: (0, -1)
      }
    }

    /// The pixel to the right of an edge starting at corner (x, y), as an offset from the corner.
    var insidePixel: (x: Int, y: Int) {
      switch self {
      case .right: (0, 0)
      case .down: (-1, 0)
      case .left: (-1, -1)
      case .up: (0, -1)
      }
    }
  }

  /// The edges, each given by the pixel corner where it starts and its direction.
  private(set) var edges: [(x: Int, y: Int, direction: Direction)] = []

  /// The mask pixel beside the first edge.
  var firstPixel: (x: Int, y: Int) { Outline.pixel(beside: edges[0]) }

  private static func pixel(
    beside edge: (x: Int, y: Int, direction: Direction)
  ) -> (x: Int, y: Int) {
    let offset = edge.direction.insidePixel
    return (edge.x + offset.x, edge.y + offset.y)
  }

  /// Whether the line surrounds a hole.
  public var isHole: Bool {
    // The area, computed from the horizontal edges alone (shoelace formula).
    edges.reduce(0) { area, edge in
      switch edge.direction {
      case .right: area - edge.y
      case .left: area + edge.y
      case .up, .down: area
      }
    } < 0
  }

  // MARK: - Points

  /// The midpoints of the edges.
  ///
  /// A straight line of any slope stays straight, and no pixel's centre changes sides.
  public var edgeMiddles: [Point] {
    edges.map { edge in
      let step = edge.direction.step
      return Point(x: Double(edge.x) + Double(step.x) / 2, y: Double(edge.y) + Double(step.y) / 2)
    }
  }

  /// The centres of the mask's pixels along the line: what OpenCV calls a contour.
  public var pixelMiddles: [Point] {
    var points: [Point] = []
    for edge in edges {
      let pixel = Outline.pixel(beside: edge)
      let point = Point(x: Double(pixel.x) + 0.5, y: Double(pixel.y) + 0.5)
      if points.last != point { points.append(point) }
    }
    if points.count > 1, points.first == points.last { points.removeLast() }
    return points
  }

  // MARK: - Tracing

  /// All outlines of `mask`, in reading order of their first edges.
  public static func all(of mask: BinaryMask) -> [Outline] {
    // Every closed line has an edge that leads right, directly above a pixel of the mask.
    var isTraced = [Bool](repeating: false, count: mask.bits.count)
    var outlines: [Outline] = []
    for y in 0..<mask.height {
      for x in 0..<mask.width {
        let index = y * mask.width + x
        guard mask.bits[index], !isTraced[index], y == 0 || !mask.bits[index - mask.width] else {
          continue
        }
        let outline = traced(mask, x, y)
        for edge in outline.edges where edge.direction == .right {
          isTraced[edge.y * mask.width + edge.x] = true
        }
        outlines.append(outline)
      }
    }
    return outlines
  }

  /// Follows the line whose first edge is above the pixel (x, y).
  private static func traced(_ mask: BinaryMask, _ startX: Int, _ startY: Int) -> Outline {
    func isInside(_ x: Int, _ y: Int) -> Bool {
      x >= 0 && y >= 0 && x < mask.width && y < mask.height && mask.bits[y * mask.width + x]
    }
    var outline = Outline()
    var (x, y, direction) = (startX, startY, Direction.right)
    repeat {
      outline.edges.append((x, y, direction))
      x += direction.step.x
      y += direction.step.y
      let left = direction.rotatedLeft
      if isInside(x + left.insidePixel.x, y + left.insidePixel.y) {
        direction = left
      } else if !isInside(x + direction.insidePixel.x, y + direction.insidePixel.y) {
        direction = direction.rotatedRight
      }
    } while x != startX || y != startY || direction != .right
    return outline
  }
}
