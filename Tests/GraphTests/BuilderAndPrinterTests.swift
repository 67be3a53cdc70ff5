import Bytes
import Graph
import TestSupport
import Testing

struct BuilderTests {
  @Test func aWeightIsOneValue() {
    var builder = GraphBuilder("weights")
    let first = builder.weight("w", .float(2))
    #expect(builder.weight("w", .float(2)) == first)
    #expect(builder.weight("v", .float(2)) != first)
    #expect(builder.graph.weightNames == ["w", "v"])
  }

  @Test func aShapeThatDoesNotFitNamesTheLayer() throws {
    var builder = GraphBuilder("misfit")
    let x = builder.input("x", .float(2))
    do {
      _ = try builder.add(.transpose([1]), [x], label: "blocks.3.transpose")
      Issue.record("no such axis, yet accepted")
    } catch {
      #expect(error == failure("graph.shape"))
      #expect(error.place == "blocks.3.transpose, operands [2]")
    }
    #expect(builder.graph.nodes.isEmpty && builder.graph.values.count == 1)
  }
}

struct PrinterTests {
  @Test func prints() throws {
    var builder = GraphBuilder("demo")
    let objects = Dim(Symbol("objects"))
    let x = builder.input("x", .float(objects, 4, 4, 8))
    let w = builder.weight("head.weight", .float(2, 8))
    let pooled = try builder.add(.maxPool(window: 2), [x], label: "pool")
    let linear = try builder.add(
      .linear(.init(hasBias: false, activation: .gelu)), [pooled, w], label: "head")
    let flat = try builder.add(.reshape([objects, 8]), [linear], label: "flatten")
    let sum = try builder.add(.add, [flat, flat], label: "twice")
    builder.output("y", sum)
    #expect(
      builder.graph.description == """
        graph demo(x: float[objects, 4, 4, 8]) {
          %2 = max_pool[window 2]($x) : float[objects, 2, 2, 8]  // pool
          %3 = linear[gelu](%2, @head.weight) : float[objects, 2, 2, 2]  // head
          %4 = reshape[objectsx8](%3) : float[objects, 8]  // flatten
          %5 = add(%4, %4) : float[objects, 8]  // twice
          return y: %5
        }
        """)
  }

  /// Different parameters print differently, whatever the operator.
  @Test func parametersAreVisible() throws {
    func text(_ sample: OperatorSample) throws -> String {
      var builder = GraphBuilder("sample")
      let operands = sample.operands.enumerated().map { builder.input("x\($0)", $1) }
      builder.output("y", try builder.add(sample.op, operands, label: ""))
      return builder.graph.description
    }
    let texts = try OperatorSample.all.map(text)
    #expect(Set(texts).count == texts.count)
    for (sample, text) in zip(OperatorSample.all, texts) {
      #expect(text.contains(" = \(sample.op.name)"))
    }
  }
}
