public import Bytes
internal import JSON

/// Label Studio: `label-studio.json`, one task per picture with a brush mask for each object.
///
/// The masks are predictions, which a person accepts or corrects; the labelling configuration needs
/// `<Image name="image" value="$image"/>` and `<BrushLabels name="tag" toName="image">`.
public struct LabelStudioBrush: AnnotationFormat {
  private let context: AnnotationContext

  public init(context: AnnotationContext) { self.context = context }

  public func files(ofAll pictures: [AnnotatedPicture]) throws(Failure) -> [AnnotationFile] {
    var tasks: [JSONValue] = []
    for picture in pictures { tasks.append(try task(picture)) }
    let text = JSONValue.array(tasks).text() + "\n"
    return [AnnotationFile(name: "label-studio.json", text: text)]
  }

  private func task(_ picture: AnnotatedPicture) throws(Failure) -> JSONValue {
    let masks = picture.visibleMasks
    var results: [JSONValue] = []
    for mask in masks { results.append(try result(mask)) }
    var prediction: [(key: String, value: JSONValue)] = [("model_version", "sam2-swift")]
    let scores = masks.compactMap(\.score)
    if !scores.isEmpty {
      prediction.append(("score", .init(scores.reduce(0, +) / Double(scores.count))))
    }
    prediction.append(("result", .array(results)))
    return [
      "data": ["image": .init(address(of: picture.name))],
      "predictions": [.object(prediction)],
    ]
  }

  /// The prefix and the name; if the prefix starts an address, the name is percent-encoded.
  private func address(of name: String) -> String {
    let prefix = context.imagePrefix
    guard prefix.contains("://") || prefix.contains("?") || prefix.hasPrefix("/") else {
      return prefix + name
    }
    var out = prefix
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
        out.unicodeScalars.append(Unicode.Scalar(byte))
      default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return out
  }

  private func result(_ mask: AnnotatedMask) throws(Failure) -> JSONValue {
    let code = BrushRuns.encode(try mask.pixels())
    var members: [(key: String, value: JSONValue)] = [
      ("id", .init("object\(mask.object)")), ("from_name", "tag"), ("to_name", "image"),
      ("type", "brushlabels"), ("original_width", .init(mask.width)),
      ("original_height", .init(mask.height)), ("image_rotation", 0),
      (
        "value",
        [
          "format": "rle", "rle": .array(code.map { .init(Int($0)) }),
          "brushlabels": [.init(context.name(of: mask.category))],
        ]
      ),
    ]
    if let score = mask.score { members.append(("score", .init(score))) }
    return .object(members)
  }
}
