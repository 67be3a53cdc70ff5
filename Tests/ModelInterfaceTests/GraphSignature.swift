import Bytes
import Graph

/// Operands and results that a graph declares, for editing.
struct GraphSignature {
  typealias Value = (name: String, type: TensorType)

  var name: String
  var inputs: [Value]
  var outputs: [Value]

  init(_ graph: Graph) {
    name = graph.name
    inputs = graph.inputs.map { ($0.name, graph[$0.value].type) }
    outputs = graph.outputs.map { ($0.name, graph[$0.value].type) }
  }

  /// A graph with this signature whose results are zeros.
  func graph() throws(Failure) -> Graph {
    var builder = GraphBuilder(name)
    for (name, type) in inputs { _ = builder.input(name, type) }
    for (name, type) in outputs {
      builder.output(name, try builder.add(.fill(0, type.shape), [], label: name))
    }
    return builder.graph
  }

  /// Inputs first, then outputs.
  var values: [Value] {
    get { inputs + outputs }
    set {
      let count = inputs.count
      inputs = Array(newValue[..<count])
      outputs = Array(newValue[count...])
    }
  }
}
