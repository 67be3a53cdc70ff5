import Bytes
import Runtime
import Tensors

/// Runs named graphs: `Program` does; tests put small fakes in its place.
protocol GraphRunning: Sendable {
  /// Runs one graph; the results are new contiguous float32 tensors.
  func run(_ graph: String, _ inputs: [String: Tensor]) throws(Failure) -> [String: Tensor]
}

extension Program: GraphRunning {}

extension GraphRunning {
  /// Runs `graph` and gives its results `names`, in that order.
  /// - Throws: `model.output` when the graph does not give one of them.
  func run(
    _ graph: String, _ inputs: [String: Tensor], giving names: [String]
  ) throws(Failure) -> [Tensor] {
    let results = try run(graph, inputs)
    var tensors: [Tensor] = []
    for name in names {
      guard let tensor = results[name] else {
        throw Failure(
          .badInput, code: "model.output", "graph \(graph) gives no \(name)",
          hint: "convert the checkpoint again with the sam2-convert of this version")
      }
      tensors.append(tensor)
    }
    return tensors
  }
}
