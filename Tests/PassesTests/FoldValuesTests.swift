import Bytes
import Graph
import JSON
import Passes
import Reference
import Tensors
import TestSupport
import Testing

/// The fold of values into the output projection, against double precision.
struct FoldValuesTests {
  /// Relative L2 that an algebraic pass may cost; here it is the rounding of the folded weights.
  static let tolerance = 1e-6

  /// Sizes of an attention that the fold applies to, or not.
  struct Sizes {
    var (queries, keys, tokens, values, outputs) = (5, 7, 6, 12, 9)
    var heads = 1
    var valuesHaveBias = true
    var outputHasBias = true
    var residual = false
    var valuesAreShared = false
  }

  /// attention(q, k, linear(m)) through a linear layer.
  private static func model(
    _ s: Sizes, _ random: inout SeededRandom
  ) throws -> (model: Model, inputs: [String: Tensor]) {
    var builder = GraphBuilder("net")
    var weights = WeightTable()
    var inputs: [String: Tensor] = [:]
    func input(_ name: String, _ shape: [Int]) -> ValueID {
      inputs[name] = Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
      return builder.input(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    func weight(_ name: String, _ shape: [Int]) -> ValueID {
      weights.set(name, Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }
    let q = input("q", [2, s.queries, 8])
    let k = input("k", [2, s.keys, 8])
    let m = input("m", [2, s.keys, s.tokens])
    var operands = [m, weight("v.weight", [s.values, s.tokens])]
    if s.valuesHaveBias { operands.append(weight("v.bias", [s.values])) }
    let v = try builder.add(
      .linear(Linear(hasBias: s.valuesHaveBias)), operands, label: "values")
    let a = try builder.add(.attention(heads: s.heads, scale: 0.3), [q, k, v], label: "attention")
    operands = [a, weight("o.weight", [s.outputs, s.values])]
    if s.outputHasBias { operands.append(weight("o.bias", [s.outputs])) }
    if s.residual { operands.append(input("r", [2, s.queries, s.outputs])) }
    let linear = Linear(hasBias: s.outputHasBias, activation: .gelu, hasResidual: s.residual)
    builder.output("y", try builder.add(.linear(linear), operands, label: "output"))
    if s.valuesAreShared { builder.output("v", v) }
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: weights), inputs)
  }

  /// Results before and after, in double precision, and the rewritten graph.
  private func distance(
    _ s: Sizes, _ random: inout SeededRandom
  ) throws -> (closeness: Closeness, model: Model) {
    let (model, inputs) = try Self.model(s, &random)
    let (folded, _) = try Pipeline.run([.foldValuesIntoOutput], on: model)
    try folded.verify()
    let before = try ReferenceInterpreter(weights: model.weights)
      .evaluate(model.graphs[0], inputs: inputs)
    let after = try ReferenceInterpreter(weights: folded.weights)
      .evaluate(folded.graphs[0], inputs: inputs)
    let (a, b) = try (#require(after["y"]), #require(before["y"]))
    return (Closeness(a.floats(), to: b.floats()), folded)
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func keepsTheMeaning(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var s = Sizes()
    s.queries = .random(in: 1...9, using: &random)
    s.keys = .random(in: 1...40, using: &random)
    s.tokens = .random(in: 1...16, using: &random)
    s.values = s.tokens + .random(in: 1...24, using: &random)
    s.outputs = .random(in: 1...20, using: &random)
    s.valuesHaveBias = .random(using: &random)
    s.outputHasBias = .random(using: &random)
    s.residual = .random(using: &random)
    let (closeness, model) = try distance(s, &random)
    #expect(closeness.relativeL2 < Self.tolerance, "\(s): \(closeness)")
    let attention = try #require(
      model.graphs[0].nodes.first { if case .attention = $0.op { true } else { false } })
    #expect(model.graphs[0][attention.result].type.shape.last == Dim(constant: s.tokens))
    #expect(model.weights["v.weight"] == nil && model.weights["o.weight"] == nil)
  }

  @Test func leavesAloneWhatItMustNotTouch() throws {
    var random = SeededRandom(seed: 1)
    let heads = {
      var s = Sizes()
      s.heads = 2
      s.values = 12
      s.tokens = 4
      return s
    }()
    let wide = {
      var s = Sizes()
      s.tokens = 12
      return s
    }()
    let shared = {
      var s = Sizes()
      s.valuesAreShared = true
      return s
    }()
    for sizes in [heads, wide, shared] {
      let (model, _) = try Self.model(sizes, &random)
      let (same, log) = try Pipeline.run([.foldValuesIntoOutput], on: model)
      #expect(same.graphs == model.graphs && log.isEmpty, "\(sizes)")
    }
  }
}
