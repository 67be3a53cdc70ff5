import Bytes

/// A part of a picture that is searched on its own, in pixels.
public struct CropBox: Sendable, Hashable {
  public let left: Int
  public let top: Int
  public let width: Int
  public let height: Int

  public init(left: Int, top: Int, width: Int, height: Int) {
    (self.left, self.top, self.width, self.height) = (left, top, width, height)
  }

  /// One past the last column and row.
  var right: Int { left + width }
  var bottom: Int { top + height }
}

extension CropBox {
  /// The whole picture as layer 0, then 2^n x 2^n overlapping crops for each layer n, column by
  /// column: `generate_crop_boxes` of the reference.
  ///
  /// - Throws: `auto.crops` when the picture is too small for that number of crops.
  static func all(
    width: Int, height: Int, layers: Int, overlapRatio: Double
  ) throws(Failure) -> [(box: CropBox, layer: Int)] {
    var crops = [(box: CropBox(left: 0, top: 0, width: width, height: height), layer: 0)]
    for layer in 0..<layers {
      let perSide = 1 << (layer + 1)
      let overlap = Int(overlapRatio * Double(min(width, height)) * (2 / Double(perSide)))
      let columns = spans(width, count: perSide, overlap: overlap)
      let rows = spans(height, count: perSide, overlap: overlap)
      guard let columns, let rows else {
        throw Failure(
          .usage, code: "auto.crops",
          "a picture of \(width)x\(height) is too small for \(layers) crop layers",
          hint: "ask for fewer")
      }
      for x in columns {
        for y in rows {
          let box = CropBox(left: x.lowerBound, top: y.lowerBound, width: x.count, height: y.count)
          crops.append((box, layer + 1))
        }
      }
    }
    return crops
  }

  /// `count` equal spans of 0..<length with a given overlap; nil when one would be empty.
  private static func spans(_ length: Int, count: Int, overlap: Int) -> [Range<Int>]? {
    let span = (overlap * (count - 1) + length + count - 1) / count
    var spans: [Range<Int>] = []
    for index in 0..<count {
      let start = (span - overlap) * index
      guard start < length else { return nil }
      spans.append(start..<min(start + span, length))
    }
    return spans
  }
}
