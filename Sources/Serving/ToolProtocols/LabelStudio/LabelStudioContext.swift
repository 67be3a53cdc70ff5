import Bytes
import JSON
import SAM2
import Workbench

/// The shapes that a person has drawn in Label Studio, as sent by its "smart" tools.
struct LabelStudioContext {
  let prompt: PicturePrompt
  /// The label chosen for it.
  let label: String

  /// Reads the list `result` for a picture of `width` x `height`; nil if it is empty.
  ///
  /// Key points and rectangles are in percent; other regions are not prompts for a mask model and
  /// are refused.
  /// - Throws: `label_studio.context`; `json.*`.
  init?(_ result: [JSONValue], width: Int, height: Int) throws(Failure) {
    guard !result.isEmpty else { return nil }
    var prompt = PicturePrompt()
    var label: String?
    for region in result {
      let type = try region.requiredString("type")
      let value = try region.required("value")
      let x = try value.requiredDouble("x") * Double(width) / 100
      let y = try value.requiredDouble("y") * Double(height) / 100
      switch type {
      case "keypointlabels", "keypoint":
        let isPositive = LabelStudioContext.isPositive(region)
        prompt.points.append(.init(x: Float(x), y: Float(y), label: isPositive ? 1 : 0))
      case "rectanglelabels", "rectangle":
        let right = x + (try value.requiredDouble("width")) * Double(width) / 100
        let bottom = y + (try value.requiredDouble("height")) * Double(height) / 100
        prompt.box = .init(x0: Float(x), y0: Float(y), x1: Float(right), y1: Float(bottom))
      default:
        throw Failure(
          .badInput, code: "label_studio.context",
          "a region of type \(printable(type, limit: 40)) is not a prompt",
          hint: "use smart key points or rectangles")
      }
      label = value[type]?[0]?.string ?? label
    }
    prompt.keepsLogits = false
    self.prompt = prompt
    self.label = label ?? "object"
  }

  /// The member is a number or a truth value; a key point without it is positive.
  private static func isPositive(_ region: JSONValue) -> Bool {
    guard let value = region["is_positive"], !value.isNull else { return true }
    return value.bool ?? ((value.double ?? 1) > 0)
  }
}
