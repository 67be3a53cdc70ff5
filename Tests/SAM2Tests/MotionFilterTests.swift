import Testing

@testable import SAM2

/// The filter of boxes against numbers of SAMURAI's `KalmanFilter`.
@Suite struct MotionFilterTests {
  static let tolerance = 1e-7

  @Test func followsTheAuthorsFilter() throws {
    var filter = MotionFilter(box(10, 20, 50, 100).measurement)
    let seen = [box(12, 21, 52, 103), box(14, 22, 53, 104), box(17, 22, 57, 106)]
    let expected = [
      box(10, 20, 50, 100), box(11.621391965, 21.074380165, 52.676128696, 103.223140496),
      box(13.47045124, 22.287990624, 54.593592814, 104.688134988),
    ]
    let overlaps = [0.863139735, 0.916072981, 0.848495535]
    for index in seen.indices {
      filter.predict()
      let (a, b) = (filter.box, expected[index])
      let sides = [a.left - b.left, a.top - b.top, a.right - b.right, a.bottom - b.bottom]
      #expect(sides.allSatisfy { abs($0) <= Self.tolerance }, "box \(index)")
      #expect(abs(a.intersectionOverUnion(seen[index]) - overlaps[index]) <= Self.tolerance)
      filter.update(seen[index].measurement)
    }
    let mean = [
      36.284803009, 63.876637918, 0.498212866, 83.614480988, 1.610042817, 0.814650208, -2e-09,
      0.781678534,
    ]
    #expect(zip(filter.mean, mean).allSatisfy { abs($0 - $1) <= Self.tolerance })
    let covariance = [
      (0, 12.884104882), (4, 4.407173812), (18, 0.000373105), (31, 4.407173812),
      (63, 8.481858144), (36, 8.481858144),
    ]
    #expect(covariance.allSatisfy { abs(filter.covariance[$0.0] - $0.1) <= Self.tolerance })
  }

  @Test func boxesOfMasks() {
    let plane: [Float] = [-1, -1, -1, -1, -1, 2, -1, -1, -1, 1, 3, -1]
    #expect(CornerBox(of: plane, width: 4) == box(1, 1, 2, 2))
    #expect(CornerBox(of: [-1, 0, -2, -3], width: 2) == nil)
    #expect(CornerBox.empty.measurement == [0, 0, 0, 1])
    #expect(box(0, 0, 0, 0).intersectionOverUnion(box(0, 0, 0, 0)) == 0)
    #expect(box(0, 0, 4, 4).intersectionOverUnion(box(2, 0, 6, 4)) == 1.0 / 3)
  }

  private func box(_ left: Double, _ top: Double, _ right: Double, _ bottom: Double) -> CornerBox {
    CornerBox(left: left, top: top, right: right, bottom: bottom)
  }
}
