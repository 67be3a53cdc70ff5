/// How far two float sequences are apart.
public struct Closeness: Sendable, CustomStringConvertible {
  /// ||a - b|| / ||b||, computed in double precision.
  public let relativeL2: Double
  public let maximumAbsolute: Double

  /// `actual` against `expected`; counts must match, and a NaN anywhere gives infinite distance.
  public init(_ actual: [Float], to expected: [Float]) {
    var difference = 0.0
    var norm = 0.0
    var largest = actual.count == expected.count ? 0.0 : Double.infinity
    for (a, b) in zip(actual, expected) {
      let d = Double(a) - Double(b)
      difference += d * d
      norm += Double(b) * Double(b)
      largest = d.isNaN ? .infinity : max(largest, abs(d))
    }
    maximumAbsolute = largest
    relativeL2 =
      largest == .infinity ? .infinity : (difference / max(norm, 1e-30)).squareRoot()
  }

  public var description: String {
    "relative L2 \(relativeL2), maximum absolute \(maximumAbsolute)"
  }
}
