extension Outline {
  /// The `points` of a closed line, except those not needed to stay within `tolerance` pixels.
  ///
  /// With a tolerance of 0, only points on straight lines are removed, and the shape does not
  /// change. At least three points stay. Algorithm: Ramer, Douglas and Peucker, on the two halves
  /// between the first point and the one farthest from it.
  static func simplified(_ points: [Point], tolerance: Double) -> [Point] {
    let corners = withoutStraightOnes(points)
    guard tolerance > 0, corners.count > 3 else { return corners }
    let far =
      corners.indices.max { distance(corners[0], corners[$0]) < distance(corners[0], corners[$1]) }
      ?? 0
    // The first point is repeated at the end to close the line.
    let line = corners + [corners[0]]
    var isKept = [Bool](repeating: false, count: line.count)
    isKept[0] = true
    isKept[far] = true
    var open = [(0, far), (far, line.count - 1)]
    while let (first, last) = open.popLast() {
      var (worst, index) = (tolerance, -1)
      for i in (first + 1)..<max(last, first + 1) {
        let away = distance(line[i], from: line[first], to: line[last])
        if away > worst { (worst, index) = (away, i) }
      }
      guard index >= 0 else { continue }
      isKept[index] = true
      open += [(first, index), (index, last)]
    }
    let kept = corners.indices.filter { isKept[$0] }.map { corners[$0] }
    return kept.count >= 3 ? kept : corners
  }

  private static func withoutStraightOnes(_ points: [Point]) -> [Point] {
    guard points.count > 3 else { return points }
    let kept = points.indices.filter { i in
      let before = points[i == 0 ? points.count - 1 : i - 1]
      let after = points[i + 1 == points.count ? 0 : i + 1]
      let (a, b) = (points[i].x - before.x, points[i].y - before.y)
      let (c, d) = (after.x - points[i].x, after.y - points[i].y)
      // Where the line doubles back on itself, the point is an end.
      return a * d != b * c || a * c + b * d < 0
    }
    return kept.count >= 3 ? kept.map { points[$0] } : points
  }

  static func distance(_ a: Point, _ b: Point) -> Double {
    ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).squareRoot()
  }

  /// The distance from `point` to the segment between two others.
  private static func distance(_ point: Point, from a: Point, to b: Point) -> Double {
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let square = dx * dx + dy * dy
    guard square > 0 else { return distance(point, a) }
    let share = ((point.x - a.x) * dx + (point.y - a.y) * dy) / square
    let nearest = min(max(share, 0), 1)
    return distance(point, Point(x: a.x + nearest * dx, y: a.y + nearest * dy))
  }
}
