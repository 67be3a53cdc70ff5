public import Bytes
internal import Media

/// DAVIS: `NAME.png`, an 8-bit palette PNG whose values are object numbers; 0 is background.
///
/// Where objects overlap, the lowest number wins. Reader: the DAVIS 2017 evaluation, which uses the
/// values unchanged.
public struct DAVISLabels: AnnotationFormat {
  public init() {}

  /// Failure `labels.identifier` for objects outside 1...255.
  public func files(of picture: AnnotatedPicture) throws(Failure) -> [AnnotationFile] {
    var masks: [(identifier: Int, mask: BinaryMask)] = []
    for mask in picture.masks { masks.append((mask.object, try mask.pixels())) }
    let labels = try LabelMap(width: picture.width, height: picture.height, masks: masks)
    return [AnnotationFile(name: "\(picture.stem).png", bytes: try PNGWriter.encode(labels))]
  }
}
