import Bytes
import JSON

extension InteractionScript {
  /// Objects to look for, described in words: the action `detect`.
  public struct Search: Sendable, Equatable {
    /// The frame to look at.
    ///
    /// Nil means the frame tracked last or, before any tracking, the first frame on which anything
    /// is found.
    public var frame: Int?
    /// Words or phrases, all different.
    public var texts: [String]
    /// Number of frames to track before looking again, repeated to the end of the video; nil to
    /// look once, without tracking.
    public var interval: Int?
    /// Only detections with scores above this count; nil for the program's default.
    public var threshold: Float?
    /// If two boxes for the same text overlap by more than this, only the better one is kept; nil
    /// as above.
    public var suppression: Float?
    /// Maximum number of detections per frame; nil as above.
    public var maximumCount: Int?

    public init(frame: Int? = nil, texts: [String], interval: Int? = nil) {
      self.frame = frame
      self.texts = texts
      self.interval = interval
    }
  }

  /// The searches among the actions, in order.
  public var searches: [Search] {
    actions.compactMap { if case .detect(let search) = $0 { search } else { nil } }
  }
}

extension InteractionScript.Search {
  static let members: Set<String> = [
    "frame", "text", "detect_every", "threshold", "nms", "max_detections",
  ]

  /// Reads the members of an action.
  /// - Throws: `script.missing`, `script.type`, `script.detect` for a value that makes no sense.
  init(_ object: ScriptObject) throws(Failure) {
    self.init(
      frame: try object.optionalInteger("frame"), texts: try object.texts("text"),
      interval: try object.optionalInteger("detect_every"))
    threshold = try object.optionalNumber("threshold")
    suppression = try object.optionalNumber("nms")
    maximumCount = try object.optionalInteger("max_detections")
    if let interval, interval < 1 {
      throw object.failure("script.detect", "\"detect_every\" must be 1 or more, not \(interval)")
    }
    if let maximumCount, maximumCount < 1 {
      throw object.failure(
        "script.detect", "\"max_detections\" must be 1 or more, not \(maximumCount)")
    }
    for (name, value) in [("threshold", threshold), ("nms", suppression)] {
      if let value, !(0...1).contains(value) {
        throw object.failure("script.detect", "\"\(name)\" must be in 0 to 1, not \(value)")
      }
    }
  }

  /// The action as JSON, with all members.
  var json: JSONValue {
    func optional(_ value: Int?) -> JSONValue { value.map { .init($0) } ?? .null }
    func optional(_ value: Float?) -> JSONValue { value.map { .number(Double($0)) } ?? .null }
    return [
      "do": "detect", "frame": optional(frame), "text": .array(texts.map { .string($0) }),
      "detect_every": optional(interval), "threshold": optional(threshold),
      "nms": optional(suppression), "max_detections": optional(maximumCount),
    ]
  }
}
