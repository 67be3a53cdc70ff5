import Bytes
import Graph
import JSON
import Passes
import Runtime
import Tensors
import TestSupport
import Testing

/// A small network with what the fusions look for, and with what they must leave alone.
private struct SmallNetwork {
  var builder = GraphBuilder("net")
  var weights = WeightTable()
  var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(seed: seed, function: "SmallNetwork") }

  mutating func linear(_ x: ValueID, _ name: String, _ inputs: Int, _ outputs: Int) throws
    -> ValueID
  {
    let weight = builder.weight(
      "\(name).weight", .float(Dim(constant: outputs), Dim(constant: inputs)))
    let bias = builder.weight("\(name).bias", .float(Dim(constant: outputs)))
    weights.set(
      "\(name).weight", Tensor(random.floats(inputs * outputs), shape: [outputs, inputs]))
    weights.set("\(name).bias", Tensor(random.floats(outputs), shape: [outputs]))
    return try builder.add(.linear(Linear(hasBias: true)), [x, weight, bias], label: name)
  }

  /// MLP with shortcut, a shortcut through a reshape, a product used twice, a broadcast sum.
  static func make(seed: UInt64) throws -> (model: Model, inputs: [String: Tensor]) {
    var net = SmallNetwork(seed: seed)
    let x = net.builder.input("x", .float(1, 6, 40))
    let hidden = try net.linear(x, "up", 40, 64)
    let bent = try net.builder.add(.activation(.gelu), [hidden], label: "gelu")
    let narrow = try net.linear(bent, "down", 64, 40)
    let sum = try net.builder.add(.add, [x, narrow], label: "shortcut")
    let flat = try net.linear(sum, "flat", 40, 40)
    let folded = try net.builder.add(.reshape([1, 2, 3, 40]), [flat], label: "fold")
    let shortcut = try net.builder.add(.reshape([1, 2, 3, 40]), [sum], label: "fold shortcut")
    let second = try net.builder.add(.add, [folded, shortcut], label: "shortcut 2")
    let twice = try net.linear(sum, "twice", 40, 40)
    let relu = try net.builder.add(.activation(.relu), [twice], label: "relu")
    let both = try net.builder.add(.multiply, [relu, twice], label: "both")
    let row = try net.linear(
      try net.builder.add(.slice(axis: 1, start: 0, count: 1), [x], label: "row"), "row", 40, 40)
    let wide = try net.builder.add(.add, [both, row], label: "broadcast")
    _ = try net.linear(x, "unused", 40, 8)
    net.builder.output("a", second)
    net.builder.output("b", wide)
    let inputs = ["x": Tensor(net.random.floats(240), shape: [1, 6, 40])]
    return (
      Model(metadata: .object([]), graphs: [net.builder.graph], weights: net.weights), inputs
    )
  }
}

struct FusionTests {
  /// Exact passes promise the same bits, on every kernel level.
  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func exactPassesKeepEveryBit(seed: UInt64) throws {
    let (model, inputs) = try SmallNetwork.make(seed: seed)
    for pass in Pipeline.standard where pass.promise == .exact {
      let (rewritten, _) = try Pipeline.run([pass], on: model)
      for level in KernelTable.testedLevels {
        let options = RuntimeOptions(threads: 1, kernelLevel: level)
        let before = try Program(model, options: options).run("net", inputs)
        let after = try Program(rewritten, options: options).run("net", inputs)
        #expect(before.keys.sorted() == after.keys.sorted())
        for (name, tensor) in before {
          let same = tensor.floats().map(\.bitPattern) == after[name]?.floats().map(\.bitPattern)
          #expect(same, "\(pass.name) changes \(name) on \(level)")
        }
      }
    }
  }

  @Test func fusionsFindWhatTheyLookForAndNothingElse() throws {
    let (model, _) = try SmallNetwork.make(seed: 1)
    let (rewritten, log) = try Pipeline.run(on: model)
    var activations = 0
    var residuals = 0
    for node in rewritten.graphs[0].nodes {
      guard case .linear(let parameters) = node.op else { continue }
      if parameters.activation != .none { activations += 1 }
      if parameters.hasResidual { residuals += 1 }
    }
    // The GELU; not the ReLU, whose product is used again. Both shortcuts; not the broadcast sum.
    #expect(activations == 1 && residuals == 2)
    #expect(!rewritten.graphs[0].weightNames.contains("unused.weight"))
    #expect(log.map(\.pass) == Pipeline.standard.filter { $0.promise == .exact }.map(\.name))
  }

  @Test func passesReachAFixedPoint() throws {
    let (model, _) = try SmallNetwork.make(seed: 2)
    let (once, _) = try Pipeline.run(on: model)
    let (twice, log) = try Pipeline.run(on: once)
    #expect(twice.graphs == once.graphs && log.isEmpty)
  }
}
