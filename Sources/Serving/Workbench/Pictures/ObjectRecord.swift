public import Bytes
public import JSON
import Media
public import SAM2

/// One object that a person has marked in a picture: its prompts, and the resulting mask.
public struct ObjectRecord: Sendable {
  private static let nameLimit = 200
  private static let members: Set<String> = [
    "id", "name", "counts", "score", "points", "labels", "box", "hidden", "locked",
    "previous",
  ]

  /// 1 to 255.
  public let id: Int
  public let name: String
  /// The mask as COCO's run lengths.
  public let counts: String
  /// Predicted IoU.
  public let score: Double?
  public let points: [Prompt.Point]
  public let box: Prompt.Box?
  public let isHidden: Bool
  public let isLocked: Bool
  /// The answer that a further click refines: its name, and the mask that was chosen.
  public let previous: PreviousAnswer?

  public init(
    id: Int, name: String, counts: String, score: Double?, points: [Prompt.Point],
    box: Prompt.Box?, isHidden: Bool = false, isLocked: Bool = false,
    previous: PreviousAnswer? = nil
  ) {
    (self.id, self.name, self.counts, self.score) = (id, name, counts, score)
    (self.points, self.box, self.previous) = (points, box, previous)
    (self.isHidden, self.isLocked) = (isHidden, isLocked)
  }

  /// Reads an object in a picture of `width` x `height`.
  /// - Throws: `json.*`; `serve.object` for a number or name out of range; `rle.*`.
  public init(json: JSONValue, width: Int, height: Int, limits: WorkLimits) throws(Failure) {
    let reader = try RequestObject(json, members: ObjectRecord.members)
    id = try reader.integer("id")
    name = try reader.optionalString("name") ?? ""
    guard (1...limits.objects).contains(id), name.count <= ObjectRecord.nameLimit else {
      throw Failure(
        .badInput, code: "serve.object",
        "objects have numbers from 1 to \(limits.objects) and names of up to "
          + "\(ObjectRecord.nameLimit) characters")
    }
    counts = try reader.string("counts")
    _ = try RunLengthMask(width: width, height: height, cocoCounts: counts)
    score = try reader.optionalNumber("score")
    points = try reader.points(limit: limits.points)
    box = try reader.box()
    isHidden = try reader.boolean("hidden", default: false)
    isLocked = try reader.boolean("locked", default: false)
    previous = try reader.value("previous").map { value throws(Failure) in
      try PreviousAnswer(json: value)
    }
  }

  public var json: JSONValue {
    let place = points.map { point -> JSONValue in [.init(point.x), .init(point.y)] }
    return [
      "id": .init(id), "name": .string(name), "counts": .string(counts),
      "score": score.map { .number($0) } ?? .null, "points": .array(place),
      "labels": .array(points.map { .init($0.label) }),
      "box": box.map { [.init($0.x0), .init($0.y0), .init($0.x1), .init($0.y1)] } ?? .null,
      "hidden": .bool(isHidden), "locked": .bool(isLocked), "previous": previous?.json ?? .null,
    ]
  }
}
