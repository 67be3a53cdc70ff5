import Graph
import JSON
import Passes
import Tensors
import TestSupport
import Testing

/// Graphs as deep as a file allows: no walk through them recurses, and none takes its square.
@Suite(.timeLimit(.minutes(2))) struct DeepGraphTests {
  private static let depth = Graph.Limit.nodes / 300 * 297

  /// A chain of `op`, each on what the last one gave.
  private func chain(
    _ op: (Int) -> Op, _ operands: (ValueID, inout GraphBuilder) -> [ValueID] = { x, _ in [x] }
  ) throws -> Graph {
    var builder = GraphBuilder("deep")
    var x = builder.input("x", .float(1, 4, 6))
    for index in 0..<Self.depth {
      x = try builder.add(op(index), operands(x, &builder), label: "link")
    }
    builder.output("y", x)
    return builder.graph
  }

  private func pass(_ graph: Graph, _ weights: WeightTable = WeightTable()) throws -> Graph {
    try graph.verify()
    _ = try graph.bound(to: [:])
    #expect(graph.description.utf8.count > graph.nodes.count * 10)
    let model = Model(metadata: .object([]), graphs: [graph], weights: weights)
    return try Pipeline.run(on: model).model.graphs[0]
  }

  @Test func reshapes() throws {
    let graph = try chain { $0 % 2 == 0 ? .reshape([1, 6, 4]) : .reshape([1, 4, 6]) }
    #expect(try pass(graph).nodes.count == Self.depth)
  }

  @Test func sums() throws {
    #expect(try pass(try chain({ _ in .add }, { x, _ in [x, x] })).nodes.count == Self.depth)
  }

  /// Each attention is one after which a pass moves its values.
  @Test func attentionsWithNarrowValues() throws {
    var weights = WeightTable()
    weights.set("v", Tensor([Float](repeating: 0.5, count: 48), shape: [8, 6]))
    weights.set("o", Tensor([Float](repeating: 0.25, count: 48), shape: [6, 8]))
    var builder = GraphBuilder("deep")
    var x = builder.input("x", .float(1, 2, 6))
    let (v, o) = (builder.weight("v", .float(8, 6)), builder.weight("o", .float(6, 8)))
    let plain = Op.linear(Linear(hasBias: false))
    for _ in 0..<(Self.depth / 3) {
      let values = try builder.add(plain, [x, v], label: "values")
      let attention = try builder.add(
        .attention(heads: 1, scale: 1), [x, x, values], label: "attention")
      x = try builder.add(plain, [attention, o], label: "output")
    }
    builder.output("y", x)
    #expect(try pass(builder.graph, weights).nodes.count == Self.depth / 3 * 2)
  }
}
