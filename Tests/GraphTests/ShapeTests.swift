import Bytes
import Graph
import TestSupport
import Testing

/// Operands that shape inference accepts; `RefusalTests` has those that it refuses.
struct ShapeTests {
  @Test(arguments: OperatorSample.all)
  func acceptsSamples(_ sample: OperatorSample) throws {
    #expect(try sample.op.resultType(sample.operands) == TensorType(.float, sample.result))
  }

  @Test func thereIsASampleOfEveryOperator() {
    let kinds = Set(OperatorSample.all.map { OperatorKind($0.op) })
    #expect(kinds == Set(OperatorKind.allCases))
  }

  @Test func sampleNamesAreUnique() {
    #expect(Set(OperatorSample.all.map(\.name)).count == OperatorSample.all.count)
  }

  @Test(arguments: OperatorSample.all)
  func operandNamesMatchTheOperands(_ sample: OperatorSample) {
    #expect(sample.op.operandNames.map { $0.count == sample.operands.count } ?? true)
    #expect(sample.op.name == OperatorKind(sample.op).rawValue)
  }

  /// Every operator that names its operands refuses one more.
  @Test(arguments: OperatorSample.all.filter { $0.op.operandNames != nil })
  func refusesOneOperandMore(_ sample: OperatorSample) {
    #expect(throws: failure("graph.operands")) {
      try sample.op.resultType(sample.operands + [.float(1)])
    }
  }

  /// Every operator that takes operands refuses a wrong element type in each place.
  @Test(arguments: OperatorSample.all)
  func refusesAnotherElementType(_ sample: OperatorSample) {
    for index in sample.operands.indices {
      var operands = sample.operands
      operands[index].element = operands[index].element == .int8 ? .float : .int8
      #expect(throws: failure("graph.operands")) { try sample.op.resultType(operands) }
    }
  }

  @Test func symbolsPassThrough() throws {
    let b = Dim(Symbol("objects"))
    let tokens = Dim(Symbol("memory")) + Dim(Symbol("pointers")) * 4
    let attended = try Op.attention(heads: 1, scale: 1).resultType(
      [.float(b, 16, 8), .float(b, tokens, 8), .float(b, tokens, 4)])
    #expect(attended == .float(b, 16, 4))
    let windows = try Op.windowPartition(window: 4).resultType([.float(b, 5, 7, 3)])
    #expect(windows == .float(b * 4, 4, 4, 3))
    let merged = try Op.windowMerge(window: 4, height: 5, width: 7).resultType([windows])
    #expect(merged == .float(b, 5, 7, 3))
    let joined = try Op.concat(axis: 1).resultType([.float(b, tokens, 8), .float(b, 2, 8)])
    #expect(joined == .float(b, tokens + 2, 8))
  }

  @Test func oneSymbolMayStretchToAnother() throws {
    let (features, objects) = (Dim(Symbol("features")), Dim(Symbol("objects")))
    let type = try Op.broadcast([objects, 4]).resultType([.float(features, 4)])
    #expect(type == .float(objects, 4))
  }
}
