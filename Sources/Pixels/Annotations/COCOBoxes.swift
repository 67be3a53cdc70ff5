internal import JSON

/// COCO instances without masks: `coco.json` with all pictures of a run.
///
/// `bbox` is [x, y, width, height], `area` the box's area, `score` the detector's score for it.
enum COCOBoxes {
  static func file(_ pictures: [BoxedPicture], _ context: AnnotationContext) -> AnnotationFile {
    var images: [JSONValue] = []
    var annotations: [JSONValue] = []
    for (index, picture) in pictures.enumerated() {
      images.append([
        "id": .init(index + 1), "file_name": .init(context.imagePrefix + picture.name),
        "width": .init(picture.width), "height": .init(picture.height),
      ])
      for box in picture.boxes {
        annotations.append(annotation(box, id: annotations.count + 1, image: index + 1))
      }
    }
    let json: JSONValue = [
      "info": ["description": "Boxes by sam2-swift"], "licenses": [], "images": .array(images),
      "annotations": .array(annotations), "categories": context.cocoCategories,
    ]
    return AnnotationFile(name: "coco.json", text: json.text() + "\n")
  }

  private static func annotation(_ box: AnnotatedBox, id: Int, image: Int) -> JSONValue {
    let (width, height) = (box.x1 - box.x0, box.y1 - box.y0)
    return [
      "id": .init(id), "image_id": .init(image), "category_id": .init(box.category + 1),
      "bbox": .array([box.x0, box.y0, width, height].map { .init($0) }),
      "area": .init(width * height), "iscrowd": 0, "segmentation": [], "score": .init(box.score),
    ]
  }
}

extension AnnotationContext {
  /// The classes as COCO lists them, numbered from 1.
  var cocoCategories: JSONValue {
    .array(
      categories.enumerated().map {
        ["id": .init($0 + 1), "name": .init($1), "supercategory": ""]
      })
  }
}
