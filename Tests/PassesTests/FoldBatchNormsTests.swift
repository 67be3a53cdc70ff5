import Bytes
import Graph
import JSON
import Passes
import Reference
import Tensors
import TestSupport
import Testing

/// Norms as parts of the products before them, and branches as one kernel, against double precision.
struct FoldBatchNormsTests {
  /// Relative L2 that an algebraic pass may cost; here it is the rounding of the folded weights.
  static let tolerance = 1e-6

  /// A graph "net" with an input "x", and its weights.
  private struct Net {
    var builder = GraphBuilder("net")
    var weights = WeightTable()
    var random: SeededRandom
    let x: ValueID
    let input: Tensor

    init(_ shape: [Int], seed: UInt64) {
      random = SeededRandom(seed: seed)
      input = Tensor(random.floats(shape.reduce(1, *)), shape: Shape(shape))
      x = builder.input("x", TensorType(.float, shape.map { Dim(constant: $0) }))
    }

    mutating func weight(
      _ name: String, _ shape: [Int], in range: ClosedRange<Float> = -1...1
    ) -> ValueID {
      weights.set(
        name, Tensor(random.floats(shape.reduce(1, *), in: range), shape: Shape(shape)))
      return builder.weight(name, TensorType(.float, shape.map { Dim(constant: $0) }))
    }

    mutating func convolution(
      _ x: ValueID, _ name: String, outputs: Int, _ p: Convolution, inputs: Int
    ) throws -> ValueID {
      let shape = [outputs, inputs / p.groups, p.kernel, p.kernel]
      let operands =
        [x, weight("\(name).weight", shape)]
        + (p.hasBias ? [weight("\(name).bias", [outputs])] : [])
      return try builder.add(.conv2d(p), operands, label: name)
    }

    mutating func norm(_ x: ValueID, _ name: String, _ channels: Int) throws -> ValueID {
      let operands = [
        x, weight("\(name).weight", [channels]), weight("\(name).bias", [channels]),
        weight("\(name).mean", [channels]), weight("\(name).variance", [channels], in: 0.1...3),
      ]
      return try builder.add(.batchNorm(epsilon: 1e-5), operands, label: name)
    }

    var model: Model {
      Model(metadata: .object([]), graphs: [builder.graph], weights: weights)
    }

    /// The model after `passes`, which computes the same.
    func checked(_ passes: [Pass]) throws -> Model {
      let (after, _) = try Pipeline.run(passes, on: model)
      try after.verify()
      let inputs = ["x": input]
      let old = try ReferenceInterpreter(weights: weights)
        .evaluate(model.graphs[0], inputs: inputs)
      let new = try ReferenceInterpreter(weights: after.weights)
        .evaluate(after.graphs[0], inputs: inputs)
      for (name, expected) in old {
        let closeness = Closeness(try #require(new[name]).floats(), to: expected.floats())
        #expect(closeness.relativeL2 < FoldBatchNormsTests.tolerance, "\(name): \(closeness)")
      }
      return after
    }
  }

  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func convolutionsTakeTheirNorm(seed: UInt64) throws {
    var net = Net([2, 6, 5, 4], seed: seed)
    let isDepthwise = seed % 2 == 0
    let outputs = isDepthwise ? 4 : 7
    let parameters = Convolution(
      kernel: 3, stride: seed < 4 ? 1 : 2, padding: 1, groups: isDepthwise ? 4 : 1,
      hasBias: seed % 3 == 0)
    let map = try net.convolution(net.x, "c", outputs: outputs, parameters, inputs: 4)
    net.builder.output("y", try net.norm(map, "bn", outputs))
    let after = try net.checked([.foldBatchNorms])
    #expect(after.graphs[0].nodes.map(\.op.name) == ["conv2d"])
    #expect(Set(after.weights.names) == ["c.folded", "c.folded.bias"])
  }

  @Test func productsTakeTheirNorm() throws {
    var net = Net([3, 5], seed: 9)
    let rows = try net.builder.add(
      .linear(Linear(hasBias: false)), [net.x, net.weight("l.weight", [6, 5, 1, 1])], label: "l")
    net.builder.output("y", try net.norm(rows, "bn", 6))
    let after = try net.checked([.foldBatchNorms])
    #expect(after.graphs[0].nodes.count == 1)
  }

  /// A result that something else reads, and a product with an activation, keep their norm.
  @Test func normsStayWhereTheyMust() throws {
    var net = Net([1, 4, 4, 4], seed: 10)
    let shared = try net.convolution(
      net.x, "c", outputs: 4, Convolution(kernel: 1, hasBias: false), inputs: 4)
    net.builder.output("y", try net.norm(shared, "bn", 4))
    net.builder.output("z", shared)
    let bent = try net.builder.add(
      .linear(Linear(hasBias: false, activation: .relu)), [net.x, net.weight("l.weight", [4, 4])],
      label: "l")
    net.builder.output("w", try net.norm(bent, "bent", 4))
    let after = try net.checked([.foldBatchNorms])
    #expect(after.graphs[0] == net.model.graphs[0])
  }

  /// 3x3 + 1x1 + identity, each with its norm, as RepViT has them.
  @Test(arguments: [3, 5], [false, true])
  func branchesBecomeOneKernel(kernel: Int, hasBias: Bool) throws {
    var net = Net([1, 7, 6, 5], seed: 11)
    func parameters(_ kernel: Int) -> Convolution {
      Convolution(kernel: kernel, padding: kernel / 2, groups: 5, hasBias: hasBias)
    }
    var large = try net.convolution(net.x, "large", outputs: 5, parameters(kernel), inputs: 5)
    var small = try net.convolution(net.x, "small", outputs: 5, parameters(1), inputs: 5)
    large = try net.norm(large, "large.bn", 5)
    small = try net.norm(small, "small.bn", 5)
    let sum = try net.builder.add(.add, [large, small], label: "sum")
    net.builder.output("y", try net.builder.add(.add, [sum, net.x], label: "sum"))
    let after = try net.checked([.foldBatchNorms, .mergeDepthwiseBranches])
    #expect(after.graphs[0].nodes.map(\.op.name) == ["conv2d"])
    #expect(Set(after.weights.names) == ["large.folded.merged", "large.folded.merged.bias"])
  }

  /// Branches of two maps, with a stride, or read elsewhere, stay apart.
  @Test func otherSumsStay() throws {
    var net = Net([1, 6, 6, 3], seed: 12)
    let inPlace = Convolution(kernel: 3, padding: 1, groups: 3, hasBias: false)
    let a = try net.convolution(net.x, "a", outputs: 3, inPlace, inputs: 3)
    let b = try net.convolution(a, "b", outputs: 3, inPlace, inputs: 3)
    net.builder.output("two maps", try net.builder.add(.add, [b, net.x], label: ""))
    net.builder.output("read elsewhere", try net.builder.add(.add, [a, net.x], label: ""))
    let unpadded = Convolution(kernel: 1, padding: 0, groups: 1, hasBias: false)
    let c = try net.convolution(net.x, "c", outputs: 3, unpadded, inputs: 3)
    net.builder.output("not depthwise", try net.builder.add(.add, [c, net.x], label: ""))
    let after = try net.checked([.mergeDepthwiseBranches])
    #expect(after.graphs[0] == net.model.graphs[0])
  }
}
