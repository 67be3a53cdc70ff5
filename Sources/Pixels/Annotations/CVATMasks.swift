public import Bytes
internal import Media

/// CVAT for images 1.1: `annotations.xml` with a `<mask>` for each object in each picture.
///
/// Also used for video frames: CVAT has no mask tracks, and identifies a frame by the `id` of its
/// `<image>`. Objects are distinguished by `group_id`; the lowest number is on top.
public struct CVATMasks: AnnotationFormat {
  private let context: AnnotationContext

  public init(context: AnnotationContext) { self.context = context }

  public func files(ofAll pictures: [AnnotatedPicture]) throws(Failure) -> [AnnotationFile] {
    var labels = ""
    for category in context.categories {
      labels += """
                <label>
                  <name>\(escaped(category))</name>
                  <type>mask</type>
                  <attributes></attributes>
                </label>

        """
    }
    var text = """
      <?xml version="1.0" encoding="utf-8"?>
      <annotations>
        <version>1.1</version>
        <meta>
          <task>
            <name>sam2-swift</name>
            <size>\(pictures.count)</size>
            <mode>annotation</mode>
            <labels>
      \(labels)      </labels>
          </task>
        </meta>

      """
    for picture in pictures { text += try image(picture) }
    text += "</annotations>\n"
    return [AnnotationFile(name: "annotations.xml", text: text)]
  }

  private func image(_ picture: AnnotatedPicture) throws(Failure) -> String {
    let name = escaped(context.imagePrefix + picture.name)
    var text =
      "  <image id=\"\(picture.index)\" name=\"\(name)\" width=\"\(picture.width)\" "
      + "height=\"\(picture.height)\">\n"
    let masks = picture.visibleMasks
    for (place, mask) in masks.enumerated() {
      guard let box = mask.box else { continue }
      let (width, height) = (box.right - box.left + 1, box.bottom - box.top + 1)
      let runs = CVATMasks.runs(try mask.pixels(), in: box)
      let label = escaped(context.name(of: mask.category))
      text +=
        "    <mask label=\"\(label)\" source=\"auto\" occluded=\"0\" "
        + "rle=\"\(runs.map(String.init).joined(separator: ", "))\" left=\"\(box.left)\" "
        + "top=\"\(box.top)\" width=\"\(width)\" height=\"\(height)\" "
        + "z_order=\"\(masks.count - 1 - place)\" group_id=\"\(mask.object)\">\n    </mask>\n"
    }
    return text + "  </image>\n"
  }

  /// Run lengths within `box`, row by row; the first run is outside the mask.
  private static func runs(_ mask: BinaryMask, in box: PixelBox) -> [Int] {
    var runs: [Int] = []
    var (value, run) = (false, 0)
    for y in box.top...box.bottom {
      for x in box.left...box.right {
        if mask[x, y] != value {
          runs.append(run)
          (value, run) = (mask[x, y], 0)
        }
        run += 1
      }
    }
    return runs + [run]
  }

  /// `text` escaped for use as an attribute value or as element content.
  private func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      // XML 1.0 cannot represent other control characters at all.
      case "\t", "\n", "\r": out += "&#\(scalar.value);"
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": out += "\u{FFFD}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
