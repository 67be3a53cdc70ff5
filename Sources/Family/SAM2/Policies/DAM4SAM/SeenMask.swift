import Media
import Tensors

/// The mask of an object that was seen on a frame, at the size of the video, along with the
/// candidates that were not chosen.
struct SeenMask {
  let frame: Int
  /// Pixels of the mask.
  let area: Int
  private let plane: [Float]
  private let source: TrackedMask

  /// - Returns: nil when the object has no pixel on the frame.
  init?(_ mask: TrackedMask) {
    plane = MaskPlane.enlarge(mask.logits, width: mask.width, height: mask.height)
    area = plane.count { $0 > 0 }
    guard area > 0 else { return nil }
    (frame, source) = (mask.frame, mask)
  }

  /// The IoU of the mask's box with the same box after adding a candidate's largest piece outside
  /// the mask.
  ///
  /// A small overlap shows that the decoder saw a second object.
  /// - Returns: the minimum IoU over the candidates; nil when none reaches outside the mask.
  func smallestOverlap() -> Double? {
    let (width, height) = (source.width, source.height)
    let candidates = source.selected.candidates
    guard candidates.isMultimask, let box = CornerBox(of: plane, width: width) else { return nil }
    return (1..<candidates.predictedIoUs.count).filter { $0 != source.selected.index }
      .compactMap { index -> Double? in
        let other = MaskPlane.enlarge(candidates.logits(index), width: width, height: height)
        guard let outside = largestPiece(of: other, width: width, height: height) else {
          return nil
        }
        return box.withLastPixels.intersectionOverUnion(box.union(outside).withLastPixels)
      }
      .min()
  }

  /// The box of the largest region of `other` outside the mask, connected across edges and corners.
  private func largestPiece(of other: [Float], width: Int, height: Int) -> CornerBox? {
    let members = zip(other, plane).map { $0 > 0 && $1 <= 0 }
    var largest: [Int] = []
    ConnectedRegions.forEach(in: members, width: width, height: height) { pixels in
      if pixels.count > largest.count { largest = pixels }
    }
    guard let first = largest.first else { return nil }
    var box = CornerBox(left: .infinity, top: Double(first / width), right: 0, bottom: 0)
    for pixel in largest {
      let (y, x) = pixel.quotientAndRemainder(dividingBy: width)
      box = box.union(
        CornerBox(left: Double(x), top: Double(y), right: Double(x), bottom: Double(y)))
    }
    return box
  }
}
