import Graph
import Reference
import TestSupport
import Testing

/// `axial_attention` against the operators that it replaces: a product that computes keys, their
/// rotation, and attention.
struct AxialAttentionTests {
  /// Relative L2 distance of the results: rounding to eight bits, in queries, projections, tokens,
  /// weights and values.
  static let tolerance = 0.05

  /// The result of the replaced operators, without rounding.
  private func plain(
    _ x: [ReferenceValue], _ p: AxialAttention, rotated: Int
  ) throws -> ReferenceValue {
    func apply(_ op: Op, _ operands: [ReferenceValue]) throws -> ReferenceValue {
      try ReferenceInterpreter.apply(op, to: operands)
    }
    let weight = try apply(.dequantize, [x[3], x[4]])
    let keys = try apply(.linear(Linear(hasBias: p.hasBias)), [x[1], weight] + x.dropFirst(5))
    let tables = try RotaryTable.Part.allCases.map { part in
      let table = RotaryTable(
        height: p.height, width: p.width, pairs: x[0].shape[2] / 2, theta: p.theta, part: part)
      return try apply(.rotaryTable(table), [])
    }
    let rotatedKeys = try apply(.rotatePairs(rotated: Dim(constant: rotated)), [keys] + tables)
    return try apply(.attention(heads: 1, scale: p.scale), [x[0], rotatedKeys, x[2]])
  }

  @Test(arguments: OperatorSample.all.filter { OperatorKind($0.op) == .axialAttention })
  func isNearAttentionToKeys(_ sample: OperatorSample) throws {
    guard case .axialAttention(let parameters) = sample.op else { return }
    let fixture = try #require(try OperatorFixtures.shared.get().cases[sample.name])
    let x = zip(fixture.operands, sample.operands).map { ReferenceValue($0, $1.element) }
    let rotated = try #require(parameters.rotated.fixed)
    let expected = try plain(x, parameters, rotated: rotated)
    func distance(_ parameters: AxialAttention) throws -> Double {
      let actual = try ReferenceInterpreter.apply(.axialAttention(parameters), to: x)
      return Closeness(actual.floats(), to: expected.floats()).relativeL2
    }
    #expect(try distance(parameters) < Self.tolerance)
    // The measure detects a grid with other angles, and tokens that are not rotated.
    var other = parameters
    other.theta = 2
    #expect(try distance(other) > Self.tolerance)
    other = parameters
    other.rotated = 0
    #expect(try distance(other) > Self.tolerance)
  }
}
