import Graph

/// One change of a graph's signature that no configuration allows.
struct Mutation {
  let name: String
  let signature: GraphSignature

  /// All single changes of `original`.
  static func all(of original: GraphSignature) -> [Mutation] {
    var mutations: [Mutation] = []
    func add(_ name: String, _ edit: (inout GraphSignature) -> Void) {
      var signature = original
      edit(&signature)
      mutations.append(Mutation(name: name, signature: signature))
    }
    add("extra input") { $0.inputs.append(("spare", .float(1))) }
    add("extra output") { $0.outputs.append(("spare", .float(1))) }
    for index in original.inputs.indices {
      let name = original.inputs[index].name
      add("no input \(name)") { $0.inputs.remove(at: index) }
      add("input \(name) is int8") { $0.inputs[index].type.element = .int8 }
    }
    for index in original.outputs.indices where original.outputs.count > 1 {
      add("no output \(original.outputs[index].name)") { $0.outputs.remove(at: index) }
    }
    for index in original.values.indices {
      let (name, type) = original.values[index]
      add("\(index) \(name) is renamed") { $0.values[index].name = name + "_" }
      for (other, what) in types(near: type, in: original) {
        add("\(index) \(name): \(what)") { $0.values[index].type = other }
      }
    }
    return mutations
  }

  /// Types that differ from `type` in rank or in one size.
  private static func types(
    near type: TensorType, in signature: GraphSignature
  ) -> [(TensorType, String)] {
    var types: [(TensorType, String)] = [
      (TensorType(type.element, type.shape + [1]), "one axis more"),
      (TensorType(type.element, Array(type.shape.dropLast())), "one axis less"),
    ]
    func replace(_ axis: Int, _ dim: Dim, _ what: String) {
      var other = type
      other.shape[axis] = dim
      types.append((other, "axis \(axis) \(what)"))
    }
    for (axis, dim) in type.shape.enumerated() {
      guard dim.fixed == nil else {
        replace(axis, dim + 1, "is larger")
        replace(axis, dim * 0, "is empty")
        if let symbol = signature.symbols.first { replace(axis, Dim(symbol), "is a symbol") }
        continue
      }
      replace(axis, 3, "is fixed")
      replace(axis, dim * 2, "is doubled")
      for other in signature.symbols where Dim(other) != dim {
        replace(axis, Dim(other), "is another symbol")
      }
    }
    return types
  }
}

extension GraphSignature {
  /// Symbols of the operands, in order of name.
  var symbols: [Symbol] {
    Set(inputs.flatMap { $0.type.shape.flatMap { $0.terms.map(\.symbol) } }).sorted()
  }
}
