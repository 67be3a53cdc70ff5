public import Bytes
internal import JSON
internal import Media

/// COCO instances: `coco.json`, or `coco-polygons.json`, with all pictures of a run.
///
/// `bbox` is [x, y, width, height], `area` the pixel count of the mask, `score` the model's score
/// for it, and `object_id` the object's number (the same in all frames of a video).
public struct COCOInstances: AnnotationFormat {
  /// How "segmentation" is written.
  public enum Shape: Sendable {
    /// Exact, with holes.
    case runLengths
    /// Within the context's tolerance; a slit leads to each hole.
    case polygons
  }

  private let context: AnnotationContext
  private let shape: Shape

  public init(context: AnnotationContext, shape: Shape) {
    self.context = context
    self.shape = shape
  }

  public func files(ofAll pictures: [AnnotatedPicture]) throws(Failure) -> [AnnotationFile] {
    var images: [JSONValue] = []
    var annotations: [JSONValue] = []
    for (index, picture) in pictures.enumerated() {
      var image: [(key: String, value: JSONValue)] = [
        ("id", .init(index + 1)), ("file_name", .init(context.imagePrefix + picture.name)),
        ("width", .init(picture.width)), ("height", .init(picture.height)),
      ]
      if context.video != nil { image.append(("frame_index", .init(picture.index))) }
      images.append(.object(image))
      for mask in picture.visibleMasks {
        annotations.append(
          try annotation(mask, id: annotations.count + 1, image: index + 1))
      }
    }
    let json: JSONValue = [
      "info": ["description": "Masks by sam2-swift"], "licenses": [], "images": .array(images),
      "annotations": .array(annotations),
      "categories": context.cocoCategories,
    ]
    let name = shape == .polygons ? "coco-polygons.json" : "coco.json"
    return [AnnotationFile(name: name, text: json.text() + "\n")]
  }

  private func annotation(
    _ mask: AnnotatedMask, id: Int, image: Int
  ) throws(Failure) -> JSONValue {
    var members: [(key: String, value: JSONValue)] = [
      ("id", .init(id)), ("image_id", .init(image)), ("category_id", .init(mask.category + 1)),
      ("segmentation", try segmentation(mask)), ("area", .init(mask.area)),
    ]
    if let box = mask.box {
      let sides = [box.left, box.top, box.right - box.left + 1, box.bottom - box.top + 1]
      members.append(("bbox", .array(sides.map { .init($0) })))
    }
    // 1 would mark a crowd, which evaluation and most trainers ignore.
    members += [("iscrowd", 0), ("object_id", .init(mask.object))]
    if let score = mask.score { members.append(("score", .init(score))) }
    return .object(members)
  }

  private func segmentation(_ mask: AnnotatedMask) throws(Failure) -> JSONValue {
    switch shape {
    case .runLengths:
      return [
        "size": [.init(mask.height), .init(mask.width)], "counts": .init(mask.cocoCounts),
      ]
    case .polygons:
      let parts = MaskPolygons.parts(of: try mask.pixels(), tolerance: context.polygonTolerance)
      return .array(parts.map { .array($0.flatMap { [.init($0.x), .init($0.y)] }) })
    }
  }
}
