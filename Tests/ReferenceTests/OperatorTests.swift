import Graph
import Reference
import TestSupport
import Testing

/// Each operator against PyTorch.
struct OperatorTests {
  /// PyTorch computed these in float64, and the fixture keeps ten digits.
  static let doubleTolerance = 1e-9
  /// The official position codes are computed in float32.
  static let singleTolerance = 1e-6

  @Test(arguments: OperatorSample.all)
  func matchesPyTorch(_ sample: OperatorSample) throws {
    let fixture = try #require(try OperatorFixtures.shared.get().cases[sample.name])
    try #require(fixture.operands.count == sample.operands.count)
    let operands = zip(fixture.operands, sample.operands).map { ReferenceValue($0, $1.element) }
    #expect(operands.map(\.type) == sample.operands)
    let result = try ReferenceInterpreter.apply(sample.op, to: operands)
    #expect(result.shape == fixture.result.shape)
    #expect(result.type == TensorType(.float, sample.result))
    let error = relativeError(result.values, fixture.result.values)
    #expect(error <= tolerance(of: sample.op), "relative error \(error)")
  }

  private func tolerance(of op: Op) -> Double {
    switch OperatorKind(op) {
    case .rotatePairs, .sineFeatures, .sineGrid, .rotaryTable, .pixelGrid: Self.singleTolerance
    default: Self.doubleTolerance
    }
  }

  @Test func thereIsAFixtureForEachSampleAndNoOther() throws {
    let fixtures = try OperatorFixtures.shared.get()
    #expect(Set(fixtures.cases.keys) == Set(OperatorSample.all.map(\.name)))
  }

  /// The measure itself must be able to fail.
  @Test func relativeErrorSeesDifferences() {
    #expect(relativeError([1, 2], [1, 2]) == 0)
    #expect(abs(relativeError([1, 2.2], [1, 2]) - 0.1) < 1e-12)
    #expect(relativeError([1], [1, 2]) == .infinity)
    #expect(relativeError([.nan], [1]) == .infinity)
  }
}

/// Corners that PyTorch's numbers do not show.
struct OperatorCornerTests {
  private func apply(_ op: Op, _ operands: ReferenceValue...) throws -> ReferenceValue {
    try ReferenceInterpreter.apply(op, to: operands)
  }

  @Test func attentionSurvivesLargeScores() throws {
    let key = ReferenceValue([1, 2, 1], [1000, 2000])
    let result = try apply(
      .attention(heads: 1, scale: 1), ReferenceValue([1, 1, 1], [1000]), key,
      ReferenceValue([1, 2, 1], [3, 4]))
    #expect(result.values == [4])
  }

  @Test func noTokensAreRotatedBeyondTheBound() throws {
    let x = ReferenceValue([1, 2, 2], [1, 0, 1, 0])
    let (zero, one) = (ReferenceValue([1, 1], [0]), ReferenceValue([1, 1], [1]))
    #expect(try apply(.rotatePairs(rotated: 0), x, zero, one).values == [1, 0, 1, 0])
    #expect(try apply(.rotatePairs(rotated: 1), x, zero, one).values == [0, 1, 1, 0])
    #expect(try apply(.rotatePairs(rotated: 9), x, zero, one).values == [0, 1, 0, 1])
  }

  @Test func mergeUndoesPartition() throws {
    let x = ReferenceValue([2, 5, 3, 1], (0..<30).map(Double.init))
    let windows = try apply(.windowPartition(window: 2), x)
    #expect(windows.shape == [12, 2, 2, 1])
    #expect(try apply(.windowMerge(window: 2, height: 5, width: 3), windows) == x)
  }

  @Test func resizingToTheSameSizeChangesNothing() throws {
    let x = ReferenceValue([1, 2, 3, 1], [1, 5, 2, 8, 3, 9])
    for mode in Resize.Mode.allCases {
      let result = try apply(.resize(.init(mode, height: 2, width: 3)), x)
      #expect(relativeError(result.values, x.values) < 1e-15, "\(mode)")
    }
  }

  @Test(arguments: [-1.0, 2.0])
  func gatherRefusesAnIndexOutsideTheTable(_ index: Double) {
    let table = ReferenceValue([2, 1], [7, 8])
    #expect(throws: failure("reference.index")) {
      try apply(.gather, table, ReferenceValue([1], [index], element: .int32))
    }
  }

  @Test func unboundSizesAreRefused() {
    let x = ReferenceValue([2], [1, 2])
    let symbol = Dim(Symbol("tokens"))
    #expect(throws: failure("graph.unbound")) {
      try apply(.slice(axis: 0, start: symbol, count: 1), x)
    }
    #expect(throws: failure("graph.unbound")) { try apply(.fill(0, [symbol])) }
  }

  @Test func operandsOfTheWrongShapeAreRefused() {
    #expect(throws: failure("graph.shape")) {
      try apply(.add, ReferenceValue([2], [1, 2]), ReferenceValue([3], [1, 2, 3]))
    }
    #expect(throws: failure("graph.operands")) { try apply(.add, ReferenceValue([1], [1])) }
  }
}
