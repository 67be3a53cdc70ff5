public import Bytes
internal import Media

/// SA-V's masks: `OBJECT/FRAME.png`, a palette PNG with 1 inside and 0 outside.
///
/// Objects may overlap. Reader: the SA-V evaluator, which treats this folder as that of one video.
public struct SAVMasks: AnnotationFormat {
  public init() {}

  public func files(of picture: AnnotatedPicture) throws(Failure) -> [AnnotationFile] {
    var files: [AnnotationFile] = []
    for mask in picture.masks {
      let labels = LabelMap(
        width: mask.width, height: mask.height, labels: try mask.pixels().bits.map { $0 ? 1 : 0 })
      files.append(
        AnnotationFile(
          name: "\(threeDigits(mask.object))/\(picture.stem).png",
          bytes: try PNGWriter.encode(labels)))
    }
    return files
  }
}
