/// The box labels of Ultralytics' YOLO: `labels/NAME.txt`.
///
/// One line per box: `class x y width height`, centre and size as fractions of the picture's sides.
enum YOLOBoxes {
  static func labels(of picture: BoxedPicture) -> AnnotationFile {
    var lines = ""
    for box in picture.boxes {
      let shares = [
        ((box.x0 + box.x1) / 2, picture.width), ((box.y0 + box.y1) / 2, picture.height),
        (box.x1 - box.x0, picture.width), (box.y1 - box.y0, picture.height),
      ].map { YOLOSegments.share($0, of: $1) }
      lines += "\(box.category) \(shares.joined(separator: " "))\n"
    }
    return AnnotationFile(name: "labels/\(YOLOSegments.stem(of: picture.name)).txt", text: lines)
  }
}
