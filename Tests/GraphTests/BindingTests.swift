import Bytes
import Graph
import TestSupport
import Testing

/// Symbols take their sizes from the actual inputs.
struct BindingTests {
  private let features = Dim(Symbol("features"))
  private let objects = Dim(Symbol("objects"))
  private let tokens = Dim(Symbol("tokens"))

  /// One feature map (or one per object) stretched to the objects, plus prompts of any length.
  private func graph() throws -> Graph {
    var builder = GraphBuilder("stretch")
    let map = builder.input("map", .float(features, 4))
    let prompts = builder.input("prompts", .float(objects, tokens, 4))
    let wide = try builder.add(.broadcast([objects, 4]), [map], label: "stretch")
    let row = try builder.add(.reshape([objects, 1, 4]), [wide], label: "row")
    let all = try builder.add(.concat(axis: 1), [row, prompts], label: "join")
    let last = try builder.add(.slice(axis: 1, start: tokens, count: 1), [all], label: "last")
    builder.output("all", all)
    builder.output("last", last)
    return builder.graph
  }

  private func bound(_ shapes: [String: [Int]]) throws -> Graph {
    let graph = try graph()
    return try graph.bound(to: graph.bindings(inputShapes: shapes))
  }

  @Test func sizesAreReadOffTheInputs() throws {
    let sizes = try graph().bindings(inputShapes: ["map": [1, 4], "prompts": [3, 2, 4]])
    #expect(sizes == [Symbol("features"): 1, Symbol("objects"): 3, Symbol("tokens"): 2])
  }

  @Test(arguments: [1, 3])
  func featuresMayBeOneOrAsManyAsObjects(_ count: Int) throws {
    let graph = try bound(["map": [count, 4], "prompts": [3, 2, 4]])
    #expect(graph[graph.outputs[0].value].type == .float(3, 3, 4))
    #expect(graph[graph.outputs[1].value].type == .float(3, 1, 4))
    #expect(graph.values.allSatisfy { $0.type.shape.allSatisfy { $0.fixed != nil } })
    try graph.verify()
  }

  @Test func otherCountsOfFeaturesAreRefused() throws {
    #expect(throws: failure("graph.shape")) {
      try bound(["map": [2, 4], "prompts": [3, 2, 4]])
    }
  }

  @Test func noTokensAtAll() throws {
    let graph = try bound(["map": [1, 4], "prompts": [3, 0, 4]])
    #expect(graph[graph.outputs[0].value].type == .float(3, 1, 4))
  }

  @Test(arguments: [
    ["map": [1, 4]],
    ["map": [1, 4], "prompts": [3, 4]],
    ["map": [1, 5], "prompts": [3, 2, 4]],
  ])
  func inputsThatDoNotFitAreRefused(_ shapes: [String: [Int]]) throws {
    #expect(throws: failure("graph.inputs")) { try bound(shapes) }
  }

  @Test func oneSymbolHasOneSize() throws {
    var builder = GraphBuilder("pair")
    let a = builder.input("a", .float(objects, 4))
    let b = builder.input("b", .float(objects, 4))
    builder.output("sum", try builder.add(.add, [a, b], label: "sum"))
    let graph = builder.graph
    #expect(throws: failure("graph.inputs")) {
      try graph.bindings(inputShapes: ["a": [2, 4], "b": [1, 4]])
    }
  }

  @Test func unboundAndImpossibleSizesAreRefused() throws {
    let graph = try graph()
    #expect(throws: failure("graph.unbound")) { try graph.bound(to: [:]) }
    for size in [-1, 1 << 40] {
      let sizes = [Symbol("features"): 1, Symbol("objects"): 1, Symbol("tokens"): size]
      #expect(throws: failure("graph.unbound")) { try graph.bound(to: sizes) }
    }
  }

  @Test func aSliceIsCheckedWhenItsSizesAreKnown() throws {
    var builder = GraphBuilder("tail")
    let x = builder.input("x", .float(tokens))
    let tail = try builder.add(
      .slice(axis: 0, start: 4, count: tokens + -2), [x], label: "tail")
    builder.output("tail", tail)
    let graph = builder.graph
    #expect(throws: failure("graph.shape")) { try graph.bound(to: [Symbol("tokens"): 5]) }
  }

  /// Whole frames that are there.
  @Test func axialAttentionIsCheckedWhenItsSizesAreKnown() throws {
    var builder = GraphBuilder("axial")
    let rotated = Dim(Symbol("rotated"))
    let attention = AxialAttention(
      scale: 1, height: 2, width: 3, theta: 10, rotated: rotated, hasBias: false)
    let operands = [
      builder.input("query", .float(objects, 4, 32)),
      builder.input("tokens", .float(objects, tokens, 16)),
      builder.input("value", .float(objects, tokens, 8)),
      builder.weight("weight", TensorType(.int8, [32, 16])), builder.weight("scale", .float(32)),
    ]
    builder.output(
      "result", try builder.add(.axialAttention(attention), operands, label: "attend"))
    let graph = builder.graph
    func bound(_ tokens: Int, _ rotated: Int) throws -> Op {
      let sizes = ["objects": 2, "tokens": tokens, "rotated": rotated]
      let symbols = sizes.map { (Symbol($0.key), $0.value) }
      return try graph.bound(to: Dictionary(uniqueKeysWithValues: symbols)).nodes[0].op
    }
    for (tokens, rotated) in [(17, 12), (12, 12), (5, 0)] {
      var fixed = attention
      fixed.rotated = Dim(constant: rotated)
      #expect(try bound(tokens, rotated) == .axialAttention(fixed))
    }
    for (tokens, rotated) in [(17, 11), (11, 12), (17, 3), (0, 0)] {
      #expect(throws: failure("graph.shape")) { try bound(tokens, rotated) }
    }
    #expect(throws: failure("graph.unbound")) { try bound(17, -6) }
  }
}
