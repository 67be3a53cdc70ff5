import Bytes
import JSON
import Media

/// Masks as X-AnyLabeling shapes: one polygon for each part.
struct PolygonShapes {
  /// Maximum distance of a polygon from the outline, as a share of the outline's length.
  let fineness: Double

  private static let finenessRange = 0.0...0.1
  private static let usualFineness = 0.001
  /// The label that the tool replaces with the one a person chooses.
  static let markedLabel = "AUTOLABEL_OBJECT"

  /// - Throws: `json.type`, `x_anylabeling.params`.
  init(params: JSONValue?) throws(Failure) {
    guard let value = params?["epsilon_factor"], !value.isNull else {
      fineness = PolygonShapes.usualFineness
      return
    }
    guard let fineness = value.double, PolygonShapes.finenessRange.contains(fineness) else {
      throw Failure(
        .badInput, code: "x_anylabeling.params", "\"epsilon_factor\" must be between 0 and 0.1")
    }
    self.fineness = fineness
  }

  /// The shapes of `mask`; a hole is part of the polygon around it, connected by a slit.
  func shapes(
    of mask: BinaryMask, label: String = markedLabel, score: Double, group: Int? = nil
  ) -> [JSONValue] {
    MaskPolygons.joinedRings(of: mask) { $0 * fineness }.map { points in
      [
        "label": .string(label), "shape_type": "polygon",
        "points": .array(points.map { [.number($0.x), .number($0.y)] }),
        "score": .number(score), "group_id": group.map { .init($0) } ?? .null,
        "attributes": .object([]), "description": .null, "difficult": false, "direction": 0,
        "flags": .null, "kie_linking": [],
      ]
    }
  }
}
