internal import Bytes
internal import Graph

/// Names and types of the inputs and outputs of a graph, in its order.
struct GraphSignature: Sendable {
  struct Input: Sendable {
    let name: String
    let type: TensorType
  }

  let graph: String
  let inputs: [Input]
  let outputs: [String]

  init(_ graph: Graph) {
    self.graph = graph.name
    inputs = graph.inputs.map { Input(name: $0.name, type: graph[$0.value].type) }
    outputs = graph.outputs.map(\.name)
  }
}

/// A graph that is called by position, with operands and results in the caller's order.
///
/// `Program.entry` resolves the names once.
public struct ProgramEntry: Sendable {
  let signature: GraphSignature
  /// Position among the caller's operands of each input of the graph.
  let operandOrder: [Int]
  /// Position among the graph's outputs of each result of the caller.
  let resultOrder: [Int]

  init(_ signature: GraphSignature, inputs: [String], outputs: [String]) throws(Failure) {
    self.signature = signature
    operandOrder = signature.inputs.compactMap { inputs.firstIndex(of: $0.name) }
    guard operandOrder.count == inputs.count, inputs.count == signature.inputs.count else {
      throw Failure(
        .badInput, code: "graph.inputs",
        "the graph takes \(signature.inputs.map(\.name)), not \(inputs)",
        place: "graph \(signature.graph)")
    }
    var order: [Int] = []
    for name in outputs {
      guard let position = signature.outputs.firstIndex(of: name) else {
        throw Failure(
          .badInput, code: "model.output", "graph \(signature.graph) gives no \(name)",
          hint: "convert the checkpoint again with the sam2-convert of this version")
      }
      order.append(position)
    }
    resultOrder = order
  }
}
