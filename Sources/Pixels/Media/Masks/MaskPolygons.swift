/// Masks as polygons.
///
/// A polygon cannot have a hole, so that a hole becomes part of the polygon around it: a slit leads
/// there and back. Readers that fill by crossings see the hole and no slit.
public enum MaskPolygons {
  /// A polygon for each part of `mask`, through the middles of the edges between pixels; largest
  /// part first.
  ///
  /// Coordinates are pixels from the top left corner of the picture. Points that are not needed to
  /// stay within `tolerance` pixels are left out.
  public static func parts(of mask: BinaryMask, tolerance: Double) -> [[Outline.Point]] {
    polygons(of: mask, tolerance: tolerance, points: \.edgeMiddles)
  }

  /// One polygon for all of `mask`, through the middles of its outermost pixels, which belong to
  /// it; nil for an empty mask.
  ///
  /// Parts are joined by a line there and back. Filled as OpenCV's `fillPoly` does, border
  /// included, a polygon of tolerance 0 is the mask, but for the joining lines.
  public static func joined(of mask: BinaryMask, tolerance: Double) -> [Outline.Point]? {
    let parts = polygons(of: mask, tolerance: tolerance, points: \.pixelMiddles)
    guard let first = parts.first else { return nil }
    return parts.dropFirst().reduce(first, join)
  }

  private static func polygons(
    of mask: BinaryMask, tolerance: Double, points: (Outline) -> [Outline.Point]
  ) -> [[Outline.Point]] {
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
      let line = Outline.simplified(points(outline), tolerance: tolerance)
      if outline.isHole { holes[part].append(line) } else { borders[part] = line }
    }
    return areas.indices.sorted { (areas[$1], $0) < (areas[$0], $1) }.map { part in
      holes[part].reduce(borders[part], join)
    }
  }

  /// More pairs of points than this are not compared to find the nearest.
  private static let pairLimit = 4_000_000

  /// Goes from the point of `polygon` that is nearest to `other` around the latter and back.
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
