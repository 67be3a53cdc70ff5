import Bytes
import Graph
import Tensors

/// Multiplies int8 weights by their row scales.
enum WeightScales {
  /// - Throws: `export.scale` when there is not one scale for each row.
  static func apply(
    _ values: inout [Float], _ name: String, _ weights: WeightTable
  ) throws(Failure) {
    guard let tensor = weights[name], let scale = weights[name + ModelExporter.scaleSuffix],
      tensor.shape.rank > 0, scale.shape == Shape([tensor.shape[0]])
    else {
      throw Failure(
        .badInput, code: "export.scale", "an int8 weight has no scale for each of its rows",
        place: "tensor \(name)")
    }
    let depth = tensor.elementCount / max(1, tensor.shape[0])
    for (row, scale) in scale.floats().enumerated() {
      for i in (row * depth)..<((row + 1) * depth) { values[i] *= scale }
    }
  }
}
