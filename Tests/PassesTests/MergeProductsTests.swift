import Bytes
import Graph
import JSON
import Passes
import Reference
import Tensors
import TestSupport
import Testing

/// Two products as one, against double precision.
struct MergeProductsTests {
  /// Relative L2 that an algebraic pass may cost; here it is the rounding of the merged weights.
  static let tolerance = 1e-6

  /// A product of a product, and what may be about them.
  struct Sizes {
    var (rows, inputs, hidden, outputs) = (5, 9, 24, 7)
    var innerHasBias = true
    var outerHasBias = true
    var residual = false
    var innerActivation = Activation.none
    var hiddenIsAnOutput = false
    var isKernel = false
  }

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
    let tail = s.isKernel ? [1, 1] : []
    var operands = [
      input("x", [2, s.rows, s.inputs]), weight("a.weight", [s.hidden, s.inputs] + tail),
    ]
    if s.innerHasBias { operands.append(weight("a.bias", [s.hidden])) }
    let inner = Linear(hasBias: s.innerHasBias, activation: s.innerActivation)
    let hidden = try builder.add(.linear(inner), operands, label: "a")
    operands = [hidden, weight("b.weight", [s.outputs, s.hidden] + tail)]
    if s.outerHasBias { operands.append(weight("b.bias", [s.outputs])) }
    if s.residual { operands.append(input("r", [2, s.rows, s.outputs])) }
    let outer = Linear(hasBias: s.outerHasBias, activation: .gelu, hasResidual: s.residual)
    builder.output("y", try builder.add(.linear(outer), operands, label: "b"))
    if s.hiddenIsAnOutput { builder.output("h", hidden) }
    return (Model(metadata: .object([]), graphs: [builder.graph], weights: weights), inputs)
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func keepsTheMeaning(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var s = Sizes()
    s.rows = .random(in: 1...9, using: &random)
    s.outputs = .random(in: 1...20, using: &random)
    s.inputs = .random(in: 1...30, using: &random)
    // No bottleneck: merging is less work.
    s.hidden = s.outputs + .random(in: 0...20, using: &random)
    s.innerHasBias = .random(using: &random)
    s.outerHasBias = .random(using: &random)
    s.residual = .random(using: &random)
    s.isKernel = .random(using: &random)
    let (model, inputs) = try Self.model(s, &random)
    let (merged, _) = try Pipeline.run([.mergeProducts], on: model)
    try merged.verify()
    #expect(merged.graphs[0].nodes.count == 1)
    #expect(merged.weights["a.weight"] == nil && merged.weights["b.weight"] == nil)
    let before = try ReferenceInterpreter(weights: model.weights)
      .evaluate(model.graphs[0], inputs: inputs)
    let after = try ReferenceInterpreter(weights: merged.weights)
      .evaluate(merged.graphs[0], inputs: inputs)
    let (a, b) = try (#require(after["y"]), #require(before["y"]))
    let closeness = Closeness(a.floats(), to: b.floats())
    #expect(closeness.relativeL2 < Self.tolerance, "seed \(seed), \(s): \(closeness)")
  }

  @Test func leavesAloneWhatItMustNotTouch() throws {
    var (bottleneck, activated, seen) = (Sizes(), Sizes(), Sizes())
    (bottleneck.inputs, bottleneck.hidden, bottleneck.outputs) = (16, 4, 16)
    activated.innerActivation = .relu
    seen.hiddenIsAnOutput = true
    var random = SeededRandom(seed: 1)
    for sizes in [bottleneck, activated, seen] {
      let (model, _) = try Self.model(sizes, &random)
      let (same, log) = try Pipeline.run([.mergeProducts], on: model)
      #expect(same.graphs == model.graphs && log.isEmpty, "\(sizes)")
    }
  }
}
