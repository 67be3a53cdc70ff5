public import Bytes
public import Media
import Tensors

extension Detector {
  /// A query for the object in `box` of `example`, or for its most prominent object.
  ///
  /// Without a box, OWLv2 takes the patch with the highest objectness. With a box, and always in
  /// OWL-ViT, the patches considered are those whose boxes fit nearly as well as the best one. Of
  /// these, as in the reference, the one whose contents differ furthest from the picture's average
  /// is taken.
  /// - Throws: `detect.example_box` for a box that is empty or outside the picture.
  public func query(
    like example: RGBImage, box: Detection.Box? = nil, label: String = "example"
  ) throws(Failure) -> DetectorQueries {
    let (width, height) = (Float(example.width), Float(example.height))
    if let box {
      let values = [box.x0, box.y0, box.x1, box.y1]
      guard values.allSatisfy(\.isFinite), box.x0 < box.x1, box.y0 < box.y1,
        box.clipped(width: width, height: height).area > 0
      else {
        throw Failure(
          .badInput, code: "detect.example_box",
          "the box of the example is empty or outside of the picture of \(example.width) x "
            + "\(example.height) pixels")
      }
    }
    return query(in: try look(at: example), box: box, label: label)
  }

  func query(in seen: PictureBoxes, box: Detection.Box?, label: String) -> DetectorQueries {
    let index: Int
    if box == nil, let objectness = seen.objectness {
      index = objectness.withFloats { values in
        values.indices.max { (values[$0], -$0) < (values[$1], -$1) } ?? 0
      }
    } else {
      // The whole square that the detector sees.
      let whole = Detection.Box(x0: 0, y0: 0, x1: seen.scaleX, y1: seen.scaleY)
      index = seen.bestPatch(for: box ?? whole)
    }
    return DetectorQueries(labels: [label], vectors: [seen.classVector(index)])
  }
}

extension PictureBoxes {
  /// A patch may be chosen if its fit is at least this fraction of the best one's.
  private static let share: Float = 0.8

  func classVector(_ index: Int) -> [Float] {
    classes.withFloats { Array($0[(index * queryWidth)..<((index + 1) * queryWidth)]) }
  }

  /// The patch that best shows the contents of `box`.
  func bestPatch(for box: Detection.Box) -> Int {
    let found = pixelBoxes
    var fits = found.map { $0.overlap(box) }
    if fits.allSatisfy({ $0 == 0 }) { fits = found.map { $0.generalizedOverlap(box) } }
    let limit = (fits.max() ?? 0) * Self.share
    let mean = meanClass
    let chosen = fits.indices.filter { fits[$0] >= limit }
    let likeness = chosen.map { index in
      zip(classVector(index), mean).reduce(Float(0)) { $0 + $1.0 * $1.1 }
    }
    let unlike = likeness.indices.min { likeness[$0] < likeness[$1] }
    // Without any overlap the limit is negative, and the best fit may be below it.
    return unlike.map { chosen[$0] } ?? (fits.indices.max { fits[$0] < fits[$1] } ?? 0)
  }

  private var meanClass: [Float] {
    var sums = [Float](repeating: 0, count: queryWidth)
    classes.withFloats { values in
      for index in 0..<count {
        for channel in 0..<queryWidth { sums[channel] += values[index * queryWidth + channel] }
      }
    }
    return sums.map { $0 / Float(count) }
  }
}

extension Detection.Box {
  /// The overlap, less the fraction of the smallest common box that neither covers.
  fileprivate func generalizedOverlap(_ other: Detection.Box) -> Float {
    let common = Detection.Box(
      x0: min(x0, other.x0), y0: min(y0, other.y0), x1: max(x1, other.x1), y1: max(y1, other.y1)
    ).area
    let intersection = Detection.Box(
      x0: max(x0, other.x0), y0: max(y0, other.y0), x1: min(x1, other.x1), y1: min(y1, other.y1)
    ).area
    let union = area + other.area - intersection
    return union > 0 && common > 0 ? intersection / union - (common - union) / common : -1
  }
}
