public import Bytes
public import JSON
import JobSupport
public import Media
public import SAM2

/// A client's prompt for one object of a picture.
public struct PicturePrompt: Sendable {
  public var points: [Prompt.Point] = []
  public var box: Prompt.Box?
  /// The answer that this prompt refines: its name, and the mask that was chosen.
  public var previous: PreviousAnswer?
  /// A mask to start from, with the size of the picture, as COCO's run lengths.
  public var maskCounts: String?
  /// Whether to return three candidates or one mask; by default, three for a single click without
  /// anything else.
  public var multimask: Bool?
  /// Whether to keep the logits for a further prompt.
  public var keepsLogits = true
  /// The requested size of the masks; nil for the picture's size.
  public var size: (width: Int, height: Int)?

  private static let members: Set<String> = [
    "points", "labels", "box", "previous", "mask", "multimask", "keep", "width", "height",
  ]

  public init(points: [Prompt.Point] = [], box: Prompt.Box? = nil, multimask: Bool? = nil) {
    (self.points, self.box, self.multimask) = (points, box, multimask)
  }

  /// - Throws: `json.*`, `serve.points`, `serve.size`.
  public init(json: JSONValue, limits: WorkLimits) throws(Failure) {
    let reader = try RequestObject(json, members: PicturePrompt.members)
    points = try reader.points(limit: limits.points)
    box = try reader.box()
    maskCounts = try reader.optionalString("mask")
    if reader.has("multimask") {
      multimask = try reader.boolean("multimask", default: false)
    }
    keepsLogits = try reader.boolean("keep", default: true)
    previous = try reader.value("previous").map { value throws(Failure) in
      try PreviousAnswer(json: value)
    }
    size = try reader.size(limits: limits)
  }

  /// Whether the answer has three candidates.
  var asksForCandidates: Bool {
    multimask ?? (points.count == 1 && box == nil && previous == nil && maskCounts == nil)
  }
}

/// The masks for a prompt.
public struct PictureAnswer: Sendable {
  public struct Mask: Sendable {
    public let runs: RunLengthMask
    /// The runs as the string stored under "counts" in COCO files.
    public let cocoCounts: String
    public let predictedIoU: Float

    init(runs: RunLengthMask, predictedIoU: Float) {
      (self.runs, self.predictedIoU) = (runs, predictedIoU)
      cocoCounts = runs.cocoCounts
    }
  }

  /// Masks of the requested size.
  public let masks: [Mask]
  /// Position of the mask with the highest predicted IoU.
  public let best: Int
  public let objectScore: Float
  /// The name under which the logits are kept.
  public let logits: String?
  public let notices: [Notice]
  /// Time taken by the decoder and the masks.
  public let milliseconds: Double

  public var json: JSONValue {
    let entries = masks.map { mask -> JSONValue in
      [
        "counts": .string(mask.cocoCounts), "area": .init(mask.runs.area),
        "box": mask.runs.boundingBox.map {
          [.init($0.left), .init($0.top), .init($0.right), .init($0.bottom)]
        } ?? .null,
        "predicted_iou": .init(mask.predictedIoU),
      ]
    }
    return [
      "size": [.init(masks.first?.runs.height ?? 0), .init(masks.first?.runs.width ?? 0)],
      "masks": .array(entries), "best": .init(best), "object_score": .init(objectScore),
      "logits": logits.map { .string($0) } ?? .null, "notices": notices.json,
      "milliseconds": JobSupport.milliseconds(milliseconds),
    ]
  }
}
