/// One object found by a detector.
public struct Detection: Sendable, Hashable {
  /// Position of the query that it answers.
  public var query: Int
  /// Probability in 0...1.
  public var score: Float
  /// In pixels, within the picture.
  public var box: Box

  /// A rectangle, given by its corners.
  public struct Box: Sendable, Hashable {
    public var x0: Float
    public var y0: Float
    public var x1: Float
    public var y1: Float

    public init(x0: Float, y0: Float, x1: Float, y1: Float) {
      (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1)
    }

    public var area: Float { max(0, x1 - x0) * max(0, y1 - y0) }

    func clipped(width: Float, height: Float) -> Box {
      Box(
        x0: min(max(x0, 0), width), y0: min(max(y0, 0), height), x1: min(max(x1, 0), width),
        y1: min(max(y1, 0), height))
    }

    /// Area of the intersection over area of the union; 0 when either is empty.
    public func overlap(_ other: Box) -> Float {
      let common = Box(
        x0: max(x0, other.x0), y0: max(y0, other.y0), x1: min(x1, other.x1),
        y1: min(y1, other.y1)
      ).area
      return common > 0 ? common / (area + other.area - common) : 0
    }
  }

  public init(query: Int, score: Float, box: Box) {
    (self.query, self.score, self.box) = (query, score, box)
  }
}
