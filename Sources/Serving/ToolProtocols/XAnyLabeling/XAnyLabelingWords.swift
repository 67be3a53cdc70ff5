import Bytes
import Detector
import JSON
import SAM2
import Workbench

/// X-AnyLabeling's words as the texts of a search.
enum XAnyLabelingWords {
  /// The texts of `text_prompt`, which that tool separates with full stops or commas; nil without
  /// one.
  /// - Throws: `x_anylabeling.text`.
  static func texts(_ json: JSONValue?) throws(Failure) -> [String]? {
    guard let json, !json.isNull else { return nil }
    var texts: [String] = []
    for part in (json.string ?? "").split(whereSeparator: { ".,".contains($0) }) {
      let words = part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      if !words.isEmpty, !texts.contains(words) { texts.append(words) }
    }
    guard !texts.isEmpty else {
      throw Failure(
        .badInput, code: "x_anylabeling.text", "\"text_prompt\" has no words",
        hint: "type one or several, with commas between them")
    }
    return texts
  }

  /// The tool's confidence is the threshold; its IoU is the value above which one of two boxes is
  /// dropped.
  /// - Throws: `json.type`.
  static func options(_ params: JSONValue?) throws(Failure) -> DetectionOptions {
    var options = DetectionOptions()
    if let threshold = try number("conf_threshold", params) { options.threshold = threshold }
    if let suppression = try number("iou_threshold", params) { options.suppression = suppression }
    return options
  }

  /// In that tool, 0 denotes a setting that nobody has chosen.
  private static func number(_ name: String, _ params: JSONValue?) throws(Failure) -> Float? {
    guard let value = params?[name], !value.isNull, value.double != 0 else { return nil }
    guard let number = value.double else {
      throw Failure(.badInput, code: "json.type", "\"\(name)\" must be a number")
    }
    return Float(number)
  }
}

extension PicturePrompt {
  /// A prompt for the mask of a box found by a detector.
  init(detected found: Detection) {
    self.init(box: Prompt.Box(detected: found), multimask: false)
    keepsLogits = false
  }
}

extension Prompt.Box {
  init(detected found: Detection) {
    self.init(x0: found.box.x0, y0: found.box.y0, x1: found.box.x1, y1: found.box.y1)
  }
}
