import Bytes
import Graph
import JSON
import Reference
import TestSupport
import Testing

/// Operands and results of PyTorch by sample name, from `Scripts/make_operator_fixtures.py`.
struct OperatorFixtures: Sendable {
  struct Values: Sendable {
    var shape: [Int]
    var values: [Double]

    init(_ json: JSONValue) throws {
      shape = try json.requiredInts("shape")
      values = try json.requiredArray("values").map { try #require($0.double) }
    }
  }

  struct Case: Sendable {
    var operands: [Values]
    var result: Values

    init(_ json: JSONValue) throws {
      operands = try json.requiredArray("operands").map(Values.init)
      result = try Values(json.required("result"))
    }
  }

  let cases: [String: Case]

  /// Read once for all tests.
  static let shared = Result { try OperatorFixtures() }

  private init() throws {
    let bytes = try #require(fileBytes(fixturePath("operators.json")))
    let members = try #require(try JSONValue(parsing: bytes).object)
    cases = try Dictionary(uniqueKeysWithValues: members.map { ($0.key, try Case($0.value)) })
  }
}

extension ReferenceValue {
  /// A value of the fixture, rounded to what a graph of this element type would get.
  init(_ fixture: OperatorFixtures.Values, _ element: ElementType) {
    self.init(fixture.shape, fixture.values.map { Double(Float($0)) }, element: element)
  }
}

/// Largest difference, relative to the largest expected magnitude.
func relativeError(_ actual: [Double], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let scale = max(expected.map(abs).max() ?? 0, 1e-30)
  return zip(actual, expected).map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) }
    .reduce(0, max) / scale
}
