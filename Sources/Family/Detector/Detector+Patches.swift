public import Bytes
public import Media
import Tensors

/// The detector's results for every patch of a picture, before any threshold.
public struct DetectorPatches: Sendable {
  /// The best answer of each patch; its box may reach beyond the picture.
  public let best: [Detection]
  /// [n, D]: the vectors that are compared with queries.
  public let classes: [Float]
}

extension Detector {
  /// The answer of every patch of `picture`, in patch order.
  public func patches(
    _ queries: DetectorQueries, in picture: RGBImage
  ) throws(Failure) -> DetectorPatches {
    let boxes = try look(at: picture)
    let logits = try logits(queries, for: boxes)
    let count = queries.labels.count
    let pixelBoxes = boxes.pixelBoxes
    let best = logits.withFloats { values in
      pixelBoxes.indices.map { index in
        let row = values[(index * count)..<((index + 1) * count)]
        let query = row.indices.max { row[$0] < row[$1] } ?? row.startIndex
        return Detection(
          query: query - row.startIndex, score: logistic(row[query]), box: pixelBoxes[index])
      }
    }
    return DetectorPatches(best: best, classes: boxes.classes.floats())
  }
}
