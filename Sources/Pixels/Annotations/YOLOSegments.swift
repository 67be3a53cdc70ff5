public import Bytes
internal import Media

/// The segmentation labels of Ultralytics' YOLO: `labels/NAME.txt`, and `data.yaml`.
///
/// One line per object: `class x1 y1 x2 y2 …`, the centres of its outermost pixels as fractions of
/// the picture's width and height. Separate parts of an object are joined by a line there and back,
/// as in Ultralytics' own COCO converter; holes likewise.
public struct YOLOSegments: AnnotationFormat {
  private let context: AnnotationContext

  public init(context: AnnotationContext) { self.context = context }

  public func files(of picture: AnnotatedPicture) throws(Failure) -> [AnnotationFile] {
    var lines = ""
    for mask in picture.visibleMasks {
      let pixels = try mask.pixels()
      guard
        var points = MaskPolygons.joined(of: pixels, tolerance: context.polygonTolerance)
      else { continue }
      // The reader needs three points; a mask of one or two pixels has fewer corners.
      while let last = points.last, points.count < 3 { points.append(last) }
      lines += String(mask.category)
      for point in points {
        lines +=
          " \(Self.share(point.x, of: picture.width)) \(Self.share(point.y, of: picture.height))"
      }
      lines += "\n"
    }
    return [AnnotationFile(name: "labels/\(Self.stem(of: picture.name)).txt", text: lines)]
  }

  /// The name without its extension; the reader uses it to match a picture with its labels.
  static func stem(of name: String) -> Substring {
    name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
  }

  public func files(ofAll pictures: [AnnotatedPicture]) throws(Failure) -> [AnnotationFile] {
    [Self.dataFile(context)]
  }

  /// The description of the data set.
  static func dataFile(_ context: AnnotationContext) -> AnnotationFile {
    // Without "path", readers look beside this file; with it, they start from their working folder.
    let names = context.categories.enumerated().map { "  \($0): \(quoted($1))\n" }.joined()
    let text = """
      # Put the pictures into images/ beside labels/.
      train: images
      val: images
      names:

      """ + names
    return AnnotationFile(name: "data.yaml", text: text)
  }

  /// Any text as a double-quoted YAML string.
  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": out += "\\\(scalar)"
      case "\u{20}"..."\u{7E}", "\u{A0}"..."\u{D7FF}", "\u{E000}"..."\u{FEFE}",
        "\u{FF00}"..."\u{FFFD}", "\u{10000}"...:
        out.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return out + "\""
  }

  /// Six decimals: a ten-thousandth of a pixel in a picture 100 pixels across.
  static func share(_ position: Double, of whole: Int) -> String {
    let millionths = Int((position / Double(whole) * 1_000_000).rounded())
    let digits = String(millionths % 1_000_000)
    let padding = String(repeating: "0", count: 6 - digits.count)
    return "\(millionths / 1_000_000).\(padding)\(digits)"
  }
}
