import JSON
import Media

/// Masks as GeoJSON features, in the coordinates of samapi: the middle of the first pixel is 0, 0.
enum GeoJSONFeature {
  /// A feature with the outline of `mask`: one polygon with its holes, or several.
  static func feature(
    _ mask: BinaryMask, plane: JSONValue? = nil,
    properties: [(key: String, value: JSONValue)]
  ) -> JSONValue {
    let parts = MaskPolygons.rings(of: mask) { _ in 0 }.map { part in
      JSONValue.array(part.map(ring))
    }
    var geometry: [(key: String, value: JSONValue)] =
      parts.count == 1
      ? [("type", "Polygon"), ("coordinates", parts[0])]
      : parts.isEmpty
        ? [("type", "Polygon"), ("coordinates", [])]
        : [("type", "MultiPolygon"), ("coordinates", .array(parts))]
    if let plane { geometry.append(("plane", plane)) }
    return [
      "type": "Feature", "geometry": .object(geometry),
      "properties": .object([("label", "object")] + properties),
    ]
  }

  /// A ring ends at its starting point.
  private static func ring(_ points: [Outline.Point]) -> JSONValue {
    .array((points + points.prefix(1)).map { [.number($0.x - 0.5), .number($0.y - 0.5)] })
  }
}
