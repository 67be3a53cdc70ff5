public import Bytes
internal import JSON

/// Label Studio: `label-studio.json`, a task for each picture with a brush mask for each object.
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
      "data": ["image": .init(context.imagePrefix + picture.name)],
      "predictions": [.object(prediction)],
    ]
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
          "brushlabels": [.init(context.category)],
        ]
      ),
    ]
    if let score = mask.score { members.append(("score", .init(score))) }
    return .object(members)
  }
}
