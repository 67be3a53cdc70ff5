public import Bytes
internal import Media

/// A PNG for each object and picture, `OBJECT/NAME.png`: 255 inside, 0 outside.
public struct PlainMasks: AnnotationFormat {
  public init() {}

  public func files(of picture: AnnotatedPicture) throws(Failure) -> [AnnotationFile] {
    var files: [AnnotationFile] = []
    for mask in picture.masks {
      files.append(
        AnnotationFile(
          name: "\(threeDigits(mask.object))/\(picture.stem).png",
          bytes: try PNGWriter.encode(mask.pixels())))
    }
    return files
  }
}

/// `number` with at least three digits, as used in object names.
func threeDigits(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(3 - digits.count, 0)) + digits
}
