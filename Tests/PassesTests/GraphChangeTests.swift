import Graph
import Passes
import Testing

/// The log's record of a rewrite.
struct GraphChangeTests {
  /// A product, GELU, and a product that adds a shortcut.
  private func graph() throws -> Graph {
    var builder = GraphBuilder("net")
    let x = builder.input("x", .float(4, 8))
    func linear(_ x: ValueID, _ name: String) throws -> ValueID {
      let w = builder.weight(name, .float(8, 8))
      return try builder.add(.linear(Linear(hasBias: false)), [x, w], label: name)
    }
    let hidden = try linear(x, "up")
    let bent = try builder.add(.activation(.gelu), [hidden], label: "gelu")
    let narrow = try linear(bent, "down")
    builder.output("y", try builder.add(.add, [x, narrow], label: "shortcut"))
    return builder.graph
  }

  @Test func countsWhatWentAndWhatCame() throws {
    let before = try graph()
    var weights = WeightTable()
    let fused = try Pass.fuseActivationIntoLinear.rewrite(before, &weights)
    let change = GraphChange(from: before, to: fused)
    #expect(change.removed == [.init(kind: "linear", count: 1), .init(kind: "gelu", count: 1)])
    #expect(change.added == [.init(kind: "linear + gelu", count: 1)])
    #expect(change.layers == ["up", "gelu"])
    let added = try Pass.fuseResidualIntoLinear.rewrite(fused, &weights)
    let second = GraphChange(from: fused, to: added)
    #expect(second.added == [.init(kind: "linear + residual", count: 1)])
    #expect(second.layers == ["down", "shortcut"])
  }

  @Test func anotherWeightIsAChange() throws {
    let graph = try graph()
    var other = graph
    for index in other.values.indices where other.values[index].definition == .weight("up") {
      other.values[index].definition = .weight("up.of_tokens")
    }
    let change = GraphChange(from: graph, to: other)
    #expect(change.removed == change.added && change.layers == ["up"])
  }

  @Test func whatOnlyMovedHasNotChanged() throws {
    let graph = try graph()
    let change = GraphChange(from: graph, to: graph)
    #expect(change.removed.isEmpty && change.added.isEmpty && change.layers.isEmpty)
  }
}
