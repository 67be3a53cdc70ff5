/// Masks as polygons.
///
/// A polygon cannot have a hole, so a hole becomes part of the polygon around it: a slit leads
/// there and back. Readers that fill by counting crossings see the hole and no slit.
public enum MaskPolygons {
  /// A polygon for each part of `mask`, through the midpoints of the edges between pixels; largest
  /// part first.
  ///
  /// Coordinates are in pixels from the top-left corner of the picture. Points that are not needed
  /// to stay within `tolerance` pixels are left out.
  public static func parts(of mask: BinaryMask, tolerance: Double) -> [[Outline.Point]] {
    polygons(of: mask, tolerance: tolerance, points: \.edgeMiddles)
  }

  /// One polygon for all of `mask`, through the centres of its outermost pixels, which belong to
  /// it; nil for an empty mask.
  ///
  /// Parts are joined by a line there and back. When filled as by OpenCV's `fillPoly`, border
  /// included, a polygon with tolerance 0 equals the mask, except for the joining lines.
  public static func joined(of mask: BinaryMask, tolerance: Double) -> [Outline.Point]? {
    let parts = polygons(of: mask, tolerance: tolerance, points: \.pixelMiddles)
    guard let first = parts.first else { return nil }
    return parts.dropFirst().reduce(first, join)
  }

  /// The rings of each part of `mask`, through the midpoints of the edges between pixels: the
  /// border, then its holes; largest part first.
  ///
  /// `tolerance` returns how far a ring of a given length may deviate from its outline, in pixels.
  public static func rings(
    of mask: BinaryMask, tolerance: (_ length: Double) -> Double
  ) -> [[[Outline.Point]]] {
    rings(of: mask) { outline in
      let points = outline.edgeMiddles
      let next = points.dropFirst() + points.prefix(1)
      let length = zip(points, next).reduce(0) { $0 + Outline.distance($1.0, $1.1) }
      return Outline.simplified(points, tolerance: tolerance(length))
    }
  }

  /// A polygon for each part of `mask`, with a slit to each hole; `tolerance` as in `rings`.
  public static func joinedRings(
    of mask: BinaryMask, tolerance: (_ length: Double) -> Double
  ) -> [[Outline.Point]] {
    rings(of: mask, tolerance: tolerance).map { $0.dropFirst().reduce($0[0], join) }
  }

  private static func polygons(
    of mask: BinaryMask, tolerance: Double, points: (Outline) -> [Outline.Point]
  ) -> [[Outline.Point]] {
    rings(of: mask) { Outline.simplified(points($0), tolerance: tolerance) }.map { rings in
      rings.dropFirst().reduce(rings[0], join)
    }
  }

  private static func rings(
    of mask: BinaryMask, _ line: (Outline) -> [Outline.Point]
  ) -> [[[Outline.Point]]] {
    var partOfPixel = [Int32](repeating: -1, count: mask.bits.count)
    var areas: [Int] = []
    ConnectedRegions.forEach(in: mask.bits, width: mask.width, height: mask.height) { pixels in
      for pixel in pixels { partOfPixel[pixel] = Int32(areas.count) }
      areas.append(pixels.count)
    }
    var borders = [[Outline.Point]](repeating: [], count: areas.count)
    var holes = [[[Outline.Point]]](repeating: [], count: areas.count)
    for outline in Outline.all(of: mask) {
      let pixel = outline.firstPixel
      let part = Int(partOfPixel[pixel.y * mask.width + pixel.x])
      let ring = line(outline)
      if outline.isHole { holes[part].append(ring) } else { borders[part] = ring }
    }
    return areas.indices.sorted { (areas[$1], $0) < (areas[$0], $1) }.map { part in
      [borders[part]] + holes[part]
    }
  }

  /// If there are more pairs of points than this, not all are compared to find the nearest.
  private static let pairLimit = 4_000_000

  /// Extends `polygon`: from its point nearest to `other`, around `other` and back.
  private static func join(
    _ polygon: [Outline.Point], _ other: [Outline.Point]
  ) -> [Outline.Point] {
    guard !polygon.isEmpty, !other.isEmpty else { return polygon + other }
    let candidates = polygon.count * other.count <= pairLimit ? other.indices : 0..<1
    var (nearest, exit, entry) = (Double.infinity, 0, 0)
    for i in candidates {
      for j in polygon.indices {
        let distance = Outline.distance(polygon[j], other[i])
        if distance < nearest { (nearest, exit, entry) = (distance, j, i) }
      }
    }
    return Array(polygon[...exit]) + other[entry...] + other[...entry] + polygon[exit...]
  }
}
