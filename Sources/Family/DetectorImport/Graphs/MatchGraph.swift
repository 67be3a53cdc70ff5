import Bytes
import DetectorConfig
import Graph

/// Boxes and queries to logits: the cosine between each box's contents and each query, shifted and
/// scaled by the box's own numbers.
enum MatchGraph {
  static func graph(_ c: DetectorConfiguration) throws(Failure) -> Graph {
    var writer = TowerWriter(.matchQueries, c)
    let inputs = writer.inputs(.matchQueries)
    let label = "class_head"
    let boxes = try writer.unitRows(inputs[0], width: c.queryWidth, label: label)
    let queries = try writer.unitRows(inputs[3], width: c.queryWidth, label: label)
    let cosines = try writer.add(.matmulTransposed, boxes, queries, label: label)
    let shifted = try writer.add(.add, cosines, inputs[1], label: "\(label).logit_shift")
    let scale = try writer.add(
      .affine(scale: 1, offset: 1),
      try writer.add(.activation(.elu), inputs[2], label: "\(label).elu"), label: label)
    writer.output("logits", try writer.add(.multiply, shifted, scale, label: label))
    return writer.graph
  }
}
