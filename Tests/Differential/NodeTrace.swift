internal import Bytes
internal import Graph
internal import Reference
internal import Tensors
internal import TestSupport

/// The values of a bound graph as a runtime gave them, node after node, against the reference.
struct NodeTrace {
  private let graph: Graph
  private let item: RandomGraph
  private let constant: [Bool]
  /// Whether an output depends on a node.
  let isNeeded: [Bool]
  private var values: [ValueID: ReferenceValue] = [:]
  /// The values that the reference computed, since they are constants.
  private var doubts: [ValueID: Doubt] = [:]

  /// How far the runtime may be from a value that the reference computed.
  private enum Doubt {
    /// Near: roundings on the way are small.
    case near
    /// Anywhere: a step on the way makes much of roundings, as a norm of equal numbers does.
    case unspecified
  }

  init(_ graph: Graph, _ item: RandomGraph, constant: [Bool]) {
    (self.graph, self.item, self.constant) = (graph, item, constant)
    var needed = Set(graph.outputs.map(\.value))
    var isNeeded = Array(repeating: false, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated().reversed() where needed.contains(node.result) {
      isNeeded[index] = true
      needed.formUnion(node.operands)
    }
    self.isNeeded = isNeeded
  }

  /// Takes what node `index` gave; nil when it was not shown, as constants are not.
  mutating func step(
    _ node: Graph.Node, _ index: Int, _ actual: (shape: [Int], elements: [Float])?
  ) throws(Disagreement) {
    var operands: [ReferenceValue] = []
    var isDoubtful = false
    for operand in node.operands {
      operands.append(try value(operand))
      isDoubtful = isDoubtful || doubts[operand] != nil
    }
    let place = "node \(index), \(node.op) of \(operands.map(\.shape))"
    let expected: ReferenceValue
    do throws(Failure) { expected = try ReferenceInterpreter.apply(node.op, to: operands) } catch {
      throw Disagreement("\(place): the reference refuses it: \(error)")
    }
    guard let actual else {
      guard constant[index] else { throw Disagreement("\(place) was not shown") }
      values[node.result] = ReferenceValue(expected.shape, expected.floats().map(Double.init))
      let isUnspecified =
        node.operands.contains { doubts[$0] == .unspecified }
        || !isSteady(node.op, operands, expected)
      doubts[node.result] = isUnspecified ? .unspecified : .near
      return
    }
    if !isDoubtful,
      let tolerance = NodeTolerance.absolute(node.op, operands, expected)
    {
      try Self.compare(actual.shape, actual.elements, expected, tolerance, place)
    }
    guard actual.shape == expected.shape, actual.elements.count == expected.values.count else {
      throw Disagreement("\(place) has shape \(actual.shape), not \(expected.shape)")
    }
    values[node.result] = ReferenceValue(expected.shape, actual.elements.map(Double.init))
  }

  /// Whether roundings of the operands move the result of a step by little.
  private func isSteady(
    _ op: Op, _ operands: [ReferenceValue], _ result: ReferenceValue
  ) -> Bool {
    guard let tolerance = NodeTolerance.absolute(op, operands, result) else { return false }
    return tolerance <= 0.02 * constantTolerance * max(1, result.largestMagnitude)
  }

  /// An output against the value that it is: the same, or nearly if the reference computed it.
  mutating func compare(_ output: Graph.Output, _ actual: Tensor) throws(Disagreement) {
    let expected = try value(output.value)
    if doubts[output.value] == .unspecified { return }
    let tolerance =
      doubts[output.value] == nil ? 0 : constantTolerance * max(1, expected.largestMagnitude)
    guard expected.largestMagnitude < NodeTolerance.largest else { return }
    try Self.compare(
      actual.shape.dimensions, actual.floats(), expected, tolerance, output.name)
  }

  /// Of constants, which pass through several nodes unseen, relative to their largest element.
  private var constantTolerance: Double { 5e-2 }

  private mutating func value(_ id: ValueID) throws(Disagreement) -> ReferenceValue {
    if let known = values[id] { return known }
    let tensor: Tensor? =
      switch graph[id].definition {
      case .input(let name): item.inputs[name]
      case .weight(let name): item.weights[name]
      case .node: nil
      }
    do throws(Failure) {
      guard let tensor else {
        throw Failure(.internalError, code: "test.value", "value \(id.index)")
      }
      let value = try ReferenceValue(tensor)
      values[id] = value
      return value
    } catch {
      throw Disagreement("there is no value \(id.index): \(error)")
    }
  }

  private static func compare(
    _ shape: [Int], _ elements: [Float], _ expected: ReferenceValue, _ tolerance: Double,
    _ place: String
  ) throws(Disagreement) {
    guard shape == expected.shape else {
      throw Disagreement("\(place) has shape \(shape), not \(expected.shape)")
    }
    for (index, (a, b)) in zip(elements, expected.values).enumerated() {
      let apart = abs(Double(a) - Double(Float(b)))
      guard !(apart <= tolerance + 1e-37), !(a.isNaN && b.isNaN) else { continue }
      throw Disagreement("\(place): element \(index) is \(a), not \(b) (within \(tolerance))")
    }
  }
}
