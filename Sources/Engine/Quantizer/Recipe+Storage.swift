internal import Graph
internal import Tensors

extension Recipe {
  /// Names of the large weights that are read only as the weights of products, so that their
  /// storage affects nothing else.
  func storableWeights(of model: Model) -> Set<String> {
    var packed: Set<String> = []
    var otherwiseUsed = model.outputWeights
    for graph in model.graphs {
      for node in graph.nodes {
        for (position, operand) in node.operands.enumerated() {
          guard case .weight(let name) = graph[operand].definition else { continue }
          if position == node.op.storablePosition {
            packed.insert(name)
          } else {
            otherwiseUsed.insert(name)
          }
        }
      }
    }
    return packed.subtracting(otherwiseUsed).filter { name in
      model.weights[name].map { storesInInt8(name, $0.elementCount) } ?? false
    }
  }
}

extension Op {
  /// Position of a weight whose storage does not affect speed, because the runtime packs it or
  /// reads few of its rows.
  var storablePosition: Int? {
    switch self {
    case .linear, .conv2d, .convTranspose2d: 1
    case .gather: 0
    default: nil
    }
  }
}
