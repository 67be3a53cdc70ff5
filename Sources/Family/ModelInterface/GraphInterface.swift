public import Graph

/// Operands and results of one graph: names, element types and shapes.
///
/// A symbol in a shape is a size that may differ between calls. It has the same size wherever it
/// occurs; another symbol may have another size. The names of symbols have no meaning.
public struct GraphInterface: Sendable, Hashable {
  public struct Value: Sendable, Hashable {
    public let name: String
    public let type: TensorType
  }

  public let name: GraphName
  /// In the order in which callers pass them.
  public let inputs: [Value]
  /// In the order in which callers receive them.
  public let outputs: [Value]

  init(_ name: GraphName, inputs: [Value], outputs: [Value]) {
    (self.name, self.inputs, self.outputs) = (name, inputs, outputs)
  }

  init(
    _ name: GraphName, inputs: KeyValuePairs<String, TensorType>,
    outputs: KeyValuePairs<String, TensorType>
  ) {
    self.init(
      name, inputs: inputs.map { Value(name: $0.key, type: $0.value) },
      outputs: outputs.map { Value(name: $0.key, type: $0.value) })
  }
}
