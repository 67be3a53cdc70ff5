public import Bytes

extension Graph {
  /// Checks everything that later code relies on: single assignment, order of definition, types
  /// equal to those that the operators infer, unique names, and at least one output, with all
  /// outputs floats.
  /// - Throws: `graph.*` failures naming the node.
  public func verify() throws(Failure) {
    try check(
      nodes.count <= Limit.nodes && values.count <= Limit.values, "graph.limits", "too large")
    try verifyDefinitions()
    for value in values {
      try check(
        value.type.isWithinLimits, "graph.limits", "a value of type \(value.type) is too large")
    }
    for (index, node) in nodes.enumerated() {
      for operand in node.operands {
        try check(
          values.indices.contains(operand.index), "graph.order", "\(node.label): no such operand")
        if case .node(let producer) = values[operand.index].definition {
          try check(
            producer < index, "graph.order", "\(node.label) uses a value before its definition")
        }
      }
      try check(
        node.op.isWithinLimits, "graph.limits",
        "\(node.label): a parameter is negative or too large")
      let inferred = try node.op.resultType(node.operands.map { self[$0].type })
      try check(
        inferred == self[node.result].type, "graph.type",
        "\(node.label) gives \(inferred), but is declared as \(self[node.result].type)")
    }
    try check(!outputs.isEmpty, "graph.outputs", "no outputs")
    for output in outputs {
      try check(
        values.indices.contains(output.value.index), "graph.outputs", "no such output value")
      try check(
        self[output.value].type.element == .float, "graph.outputs",
        "output \(output.name) is \(self[output.value].type), not float")
    }
    try checkUnique(outputs.map(\.name), "output")
    try checkUnique(inputs.map(\.name), "input")
    try checkUnique(weightNames, "weight")
  }

  private func verifyDefinitions() throws(Failure) {
    var defined = 0
    for (index, value) in values.enumerated() {
      guard case .node(let producer) = value.definition else { continue }
      try check(
        nodes.indices.contains(producer) && nodes[producer].result.index == index,
        "graph.assignment",
        "value \(index) and its node do not agree")
      defined += 1
    }
    try check(defined == nodes.count, "graph.assignment", "two nodes define one value")
  }

  private func checkUnique(_ names: [String], _ what: String) throws(Failure) {
    var seen: Set<String> = []
    for name in names {
      try check(
        !name.isEmpty && name.utf8.count <= Limit.nameBytes, "graph.name", "bad \(what) name")
      try check(seen.insert(name).inserted, "graph.name", "\(what) \(name) occurs twice")
    }
  }

  private func check(
    _ condition: Bool, _ code: String, _ message: @autoclosure () -> String
  ) throws(Failure) {
    guard !condition else { return }
    throw Failure(.badInput, code: code, message(), place: "graph \(name)")
  }
}
