public import Bytes
public import JSON

/// A person's actions on a video, in order: a session in reproducible form.
///
/// `Formats/interaction-script.md` describes the JSON.
public struct InteractionScript: Sendable, Equatable {
  /// One step.
  public enum Action: Sendable, Equatable {
    case addPoints(
      frame: Int, object: Int, points: [Prompt.Point], box: Prompt.Box?, clearOldPoints: Bool)
    /// `file` is as written: relative paths start from the folder of the script.
    case addMask(frame: Int, object: Int, file: String)
    case propagate(start: Int?, maxFrames: Int?, isReverse: Bool)
    case clearFrame(frame: Int, object: Int)
    case removeObject(Int)
    case reset
    /// Replaced by annotations of the objects found, or by nothing.
    case detect(Search)
  }

  public var actions: [Action]
  /// The tracker that the session used; nil for any.
  public var tracker: Tracker?

  public init(_ actions: [Action], tracker: Tracker? = nil) {
    self.actions = actions
    self.tracker = tracker
  }

  /// Mask files that the script refers to, in order.
  public var maskFiles: [String] {
    actions.compactMap { if case .addMask(_, _, let file) = $0 { file } else { nil } }
  }
}

// MARK: - Writing

extension InteractionScript {
  /// The script as JSON; `init(json:)` reads it.
  public var json: JSONValue {
    let tracker = tracker.map { [("tracker", JSONValue.string($0.rawValue))] } ?? []
    return .object([("actions", .array(actions.map(\.json)))] + tracker)
  }

  /// CRC-32 of the JSON text, by which a saved job is recognised as belonging to this script.
  var checksum: UInt32 { json.utf8().withUnsafeBytes { CRC32.checksum($0) } }
}

extension InteractionScript.Action {
  fileprivate var json: JSONValue {
    func optional(_ value: Int?) -> JSONValue { value.map { .init($0) } ?? .null }
    func numbers(_ values: [Float]) -> JSONValue { .array(values.map { .number(Double($0)) }) }
    switch self {
    case .addPoints(let frame, let object, let points, let box, let clearOldPoints):
      return [
        "do": "add_points", "frame": .init(frame), "object": .init(object),
        "points": .array(points.map { numbers([$0.x, $0.y]) }),
        "labels": .array(points.map { .init($0.label) }),
        "box": box.map { numbers([$0.x0, $0.y0, $0.x1, $0.y1]) } ?? .null,
        "clear": .bool(clearOldPoints),
      ]
    case .addMask(let frame, let object, let file):
      return [
        "do": "add_mask", "frame": .init(frame), "object": .init(object), "mask": .string(file),
      ]
    case .propagate(let start, let maxFrames, let isReverse):
      return [
        "do": "propagate", "start": optional(start), "max_frames": optional(maxFrames),
        "reverse": .bool(isReverse),
      ]
    case .clearFrame(let frame, let object):
      return ["do": "clear_frame", "frame": .init(frame), "object": .init(object)]
    case .removeObject(let object): return ["do": "remove_object", "object": .init(object)]
    case .reset: return ["do": "reset"]
    case .detect(let search): return search.json
    }
  }
}

// MARK: - Reading

extension InteractionScript {
  /// Parses UTF-8 JSON text.
  /// - Throws: `json.*`, and as `init(json:)`.
  public init(parsing bytes: [UInt8]) throws(Failure) {
    try self.init(json: JSONValue(parsing: bytes))
  }

  /// - Throws: `script.member` for a member that no action has, `script.missing`, `script.type`,
  ///   `script.action` for an unknown action, `script.tracker` for an unknown tracker,
  ///   `script.labels` when labels and points differ in number, `script.detect` for a search that
  ///   makes no sense; the place names the action.
  public init(json: JSONValue) throws(Failure) {
    let top = try ScriptObject(json, place: "script", members: ["actions", "tracker"])
    var actions: [Action] = []
    for (index, element) in try top.array("actions").enumerated() {
      actions.append(try Action(element, place: "actions[\(index)]"))
    }
    self.init(actions, tracker: try InteractionScript.tracker(top.optionalString("tracker")))
  }

  private static func tracker(_ name: String?) throws(Failure) -> Tracker? {
    guard let name else { return nil }
    guard let tracker = Tracker(rawValue: name) else {
      throw Failure(
        .badInput, code: "script.tracker", "there is no tracker \"\(name)\"", place: "script",
        hint: "use " + Tracker.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return tracker
  }
}

extension InteractionScript.Action {
  /// Reads one action; `place` is for messages.
  /// - Throws: `script.*`.
  package init(_ json: JSONValue, place: String) throws(Failure) {
    let verb = try ScriptObject(json, place: place).string("do")
    func object(_ members: Set<String>) throws(Failure) -> ScriptObject {
      try ScriptObject(json, place: place, members: members.union(["do"]))
    }
    switch verb {
    case "add_points":
      let object = try object(["frame", "object", "points", "labels", "box", "clear"])
      self = .addPoints(
        frame: try object.integer("frame"), object: try object.integer("object"),
        points: try object.points(), box: try object.box(),
        clearOldPoints: try object.boolean("clear", default: true))
    case "add_mask":
      let object = try object(["frame", "object", "mask"])
      self = .addMask(
        frame: try object.integer("frame"), object: try object.integer("object"),
        file: try object.string("mask"))
    case "propagate":
      let object = try object(["start", "max_frames", "reverse"])
      self = .propagate(
        start: try object.optionalInteger("start"),
        maxFrames: try object.optionalInteger("max_frames"),
        isReverse: try object.boolean("reverse", default: false))
    case "clear_frame":
      let object = try object(["frame", "object"])
      self = .clearFrame(
        frame: try object.integer("frame"), object: try object.integer("object"))
    case "remove_object": self = .removeObject(try object(["object"]).integer("object"))
    case "reset":
      _ = try object([])
      self = .reset
    case "detect": self = .detect(try .init(object(InteractionScript.Search.members)))
    default:
      throw Failure(
        .badInput, code: "script.action", "there is no action \"\(verb)\"", place: place,
        hint: "use add_points, add_mask, propagate, clear_frame, remove_object, reset or detect")
    }
  }
}
