import TestSupport
import Testing

@testable import Reference

/// The row quantiser, whose integers must equal the kernels'.
struct QuantizedRowTests {
  @Test func spansTheWholeRange() {
    let row = QuantizedRow([-1, 0, 1.5, 0.5])
    #expect(row.scale == 2.5 / 255)
    #expect(row.zero == 102)
    #expect(row.integers == [0, 102, 255, 153])
  }

  @Test func zeroIsAlwaysInside() {
    let positive = QuantizedRow([10, 11])
    #expect(positive.zero == 0 && positive.integers == [232, 255])
    let negative = QuantizedRow([-10, -11])
    #expect(negative.zero == 255 && negative.integers == [23, 0])
  }

  @Test func aRowOfZerosHasScaleOne() {
    for row in [QuantizedRow([0, 0, -0.0]), QuantizedRow([])] {
      #expect(row.scale == 1 && row.zero == 0 && row.integers.allSatisfy { $0 == 0 })
    }
  }

  @Test func halvesRoundToEven() {
    // Scale 1 exactly: the integers are the rounded values.
    #expect(QuantizedRow([0.5, 1.5, 2.5, 255]).integers == [0, 2, 2, 255])
  }

  /// A step without a finite reciprocal counts as 1.
  @Test func extremeRangesAreClampedAtScaleOne() {
    let huge = QuantizedRow([-3e38, 3e38, 1.6])
    #expect(huge.scale == 1 && huge.zero == 0 && huge.integers == [0, 255, 2])
    let tiny = QuantizedRow([.leastNonzeroMagnitude, 0])
    #expect(tiny.scale == 1 && tiny.zero == 0 && tiny.integers == [0, 0])
    let undefined = QuantizedRow([.nan, 255])
    #expect(undefined.scale == 1 && undefined.integers == [0, 255])
  }

  @Test func strangeRowsDoNotTrap() {
    let infinity = Float.infinity
    let rows: [[Float]] = [
      [infinity, 1], [.nan, 1], [-infinity, infinity], [.leastNonzeroMagnitude, 0], [3e38, -3e38],
    ]
    for row in rows {
      #expect(QuantizedRow(row).integers.allSatisfy { (0...255).contains($0) })
    }
  }

  /// Half a step, plus a little for the rounding of the zero point.
  static let stepTolerance: Float = 1.0001

  @Test func errorStaysBelowOneStep() {
    var random = SeededRandom(seed: 11)
    for _ in 0..<50 {
      let values = random.floats(33, in: -3...5)
      let row = QuantizedRow(values)
      for (value, integer) in zip(values, row.integers) {
        let error = abs(Float(integer - row.zero) * row.scale - value)
        #expect(error <= row.scale * Self.stepTolerance)
      }
    }
  }
}
