/// The targets of a search: texts or an example, in the space where boxes are compared with them.
public struct DetectorQueries: Sendable, Equatable {
  /// The labels of detections, one per query.
  public let labels: [String]
  /// One row per query.
  let vectors: [[Float]]

  init(labels: [String], vectors: [[Float]]) {
    precondition(labels.count == vectors.count)
    (self.labels, self.vectors) = (labels, vectors)
  }
}
