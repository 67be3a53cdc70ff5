internal import Graph
internal import Tensors

extension Recipe {
  /// Names of the large weights that products alone read, as the weight they multiply with: how they
  /// are stored is no matter to anything else.
  func storableWeights(of model: Model) -> Set<String> {
    var packed: Set<String> = []
    var otherwiseUsed = model.outputWeights
    for graph in model.graphs {
      for node in graph.nodes {
        for (position, operand) in node.operands.enumerated() {
          guard case .weight(let name) = graph[operand].definition else { continue }
          if position == 1, node.op.packsItsWeight {
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
  /// Whether operand 1 is a weight that the runtime packs, so that how it is stored is no matter.
  fileprivate var packsItsWeight: Bool {
    switch self {
    case .linear, .conv2d, .convTranspose2d: true
    default: false
    }
  }
}
