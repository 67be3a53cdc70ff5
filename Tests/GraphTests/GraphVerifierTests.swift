import Graph
import TestSupport
import Testing

/// Each contradiction that a graph can contain.
struct GraphVerifierTests {
  /// y = relu(x) + x; values are x, relu, sum.
  private func graph() throws -> Graph {
    var builder = GraphBuilder("contradictory")
    let x = builder.input("x", .float(2, 3))
    let relu = try builder.add(.activation(.relu), [x], label: "relu")
    builder.output("y", try builder.add(.add, [relu, x], label: "sum"))
    return builder.graph
  }

  private func expectRefusal(
    _ code: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout Graph) -> Void
  ) throws {
    var graph = try graph()
    try graph.verify()
    change(&graph)
    let changed = graph
    #expect(throws: failure(code), sourceLocation: sourceLocation) { try changed.verify() }
  }

  @Test func useBeforeDefinition() throws {
    try expectRefusal("graph.order") {
      $0.nodes.swapAt(0, 1)
      $0.values[1].definition = .node(1)
      $0.values[2].definition = .node(0)
    }
    try expectRefusal("graph.order") { $0.nodes[0].operands = [$0.nodes[0].result] }
    try expectRefusal("graph.order") { $0.nodes[0].operands = [ValueID(3)] }
    try expectRefusal("graph.order") { $0.nodes[0].operands = [ValueID(-1)] }
  }

  @Test func doubleAssignment() throws {
    try expectRefusal("graph.assignment") { $0.nodes[1].result = $0.nodes[0].result }
    try expectRefusal("graph.assignment") { $0.nodes[1].result = ValueID(9) }
    try expectRefusal("graph.assignment") { $0.values[2].definition = .node(0) }
    try expectRefusal("graph.assignment") { $0.values[2].definition = .node(7) }
    try expectRefusal("graph.assignment") { $0.values[2].definition = .input("late") }
    try expectRefusal("graph.assignment") { $0.nodes.append($0.nodes[1]) }
  }

  @Test func falseTypes() throws {
    try expectRefusal("graph.type") { $0.values[2].type.shape = [3, 2] }
    try expectRefusal("graph.type") { $0.values[1].type.element = .int8 }
    try expectRefusal("graph.operands") { $0.values[0].type.element = .int32 }
    try expectRefusal("graph.shape") { $0.nodes[0].op = .transpose([1, 1]) }
    try expectRefusal("graph.operands") { $0.nodes[1].operands.removeLast() }
  }

  @Test func names() throws {
    try expectRefusal("graph.name") { $0.outputs.append($0.outputs[0]) }
    try expectRefusal("graph.name") { $0.outputs[0].name = "" }
    try expectRefusal("graph.name") { $0.outputs[0].name = String(repeating: "n", count: 256) }
    let type = TensorType.float(1)
    try expectRefusal("graph.name") { $0.values.append(.init(type: type, definition: .input("x"))) }
    try expectRefusal("graph.name") {
      for _ in 0..<2 { $0.values.append(.init(type: type, definition: .weight("w"))) }
    }
  }

  @Test func outputs() throws {
    try expectRefusal("graph.outputs") { $0.outputs = [] }
    try expectRefusal("graph.outputs") { $0.outputs[0].value = ValueID(3) }
    try expectRefusal("graph.outputs") { $0.outputs[0].value = ValueID(-1) }
  }

  @Test func numbersThatWouldOverflow() throws {
    let huge = Dim(constant: .max)
    try expectRefusal("graph.limits") { $0.values[0].type.shape = [huge, huge] }
    try expectRefusal("graph.limits") { $0.values[0].type.shape = [-1] }
    try expectRefusal("graph.limits") { $0.values[0].type.shape = Array(repeating: 1, count: 9) }
    try expectRefusal("graph.limits") { $0.values[0].type.shape = [Dim(Symbol("n")) * .max] }
    let ops: [Op] = [
      .convTranspose2d(stride: .max), .conv2d(.init(kernel: 1, padding: .max)),
      .windowPartition(window: .max), .windowMerge(window: 1, height: .max, width: .max),
      .rotaryTable(.init(height: .max, width: 2, pairs: 2, theta: 1, part: .sine)),
      .axialAttention(
        .init(scale: 1, height: .max, width: .max, theta: 1, rotated: 0, hasBias: false)),
      .axialAttention(
        .init(scale: 1, height: 1, width: 1, theta: 1, rotated: huge, hasBias: false)),
      .reshape([huge, huge]), .slice(axis: 0, start: huge, count: 1), .rotatePairs(rotated: huge),
      .pixelGrid(height: -1, width: 1), .concat(axis: -1), .maxPool(window: .min),
    ]
    for op in ops { try expectRefusal("graph.limits") { $0.nodes[0].op = op } }
  }

  @Test(arguments: OperatorSample.all)
  func samplesAreWithinLimits(_ sample: OperatorSample) throws {
    var builder = GraphBuilder("sample")
    let operands = sample.operands.enumerated().map { builder.input("x\($0)", $1) }
    builder.output("y", try builder.add(sample.op, operands, label: sample.name))
    try builder.graph.verify()
  }
}
