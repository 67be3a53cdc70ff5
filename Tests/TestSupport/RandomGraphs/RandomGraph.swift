public import Graph
internal import JSON
public import Tensors

/// A graph that verifies, its weights and inputs for one call: any operators with any parameters in
/// any order, and above all the neighbours that the runtime joins, with something odd about them.
public struct RandomGraph: Sendable {
  public static let name = "random graph"

  public let graph: Graph
  public let weights: WeightTable
  public let inputs: [String: Tensor]

  /// A model with this graph alone.
  public var model: Model { Model(metadata: .object([]), graphs: [graph], weights: weights) }

  /// The graph that `choices` decide, as long as they last, up to `nodeLimit` nodes.
  public init(_ choices: Choices, nodeLimit: Int = 24) {
    var writer = RandomGraphWriter(choices)
    writer.write(nodeLimit: nodeLimit)
    graph = writer.builder.graph
    weights = writer.weights
    inputs = writer.inputs
  }

  public init(seed: UInt64) { self.init(Choices(seed: seed)) }
}
