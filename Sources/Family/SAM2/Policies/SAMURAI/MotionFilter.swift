/// Follows the box of one object: a constant-velocity Kalman filter.
///
/// Its state is (xc, yc, w/h, h) in pixels of the model's input and the change of each per frame;
/// uncertainties grow with the height. This is the filter of DeepSORT (Wojke et al., "Simple Online
/// and Realtime Tracking with a Deep Association Metric", 2017), which SAMURAI uses.
struct MotionFilter: Sendable, Equatable {
  /// Centre, aspect ratio and height of a box.
  typealias Measurement = [Double]

  /// [8]: box, then velocities.
  private(set) var mean: [Double]
  /// [8, 8], row by row.
  private(set) var covariance: [Double]

  private static let position = 1.0 / 20
  private static let velocity = 1.0 / 160
  private static let size = 8
  private static let measured = 4

  /// A filter that has seen one box, at rest.
  init(_ box: Measurement) {
    mean = box + [0, 0, 0, 0]
    let (p, v) = (2 * Self.position * box[3], 10 * Self.velocity * box[3])
    covariance = Self.diagonal([p, p, 1e-2, p, v, v, 1e-5, v])
  }

  /// A filter from a saved state; nil unless there are 8 and 64 finite numbers.
  init?(mean: [Double], covariance: [Double]) {
    guard mean.count == Self.size, covariance.count == Self.size * Self.size,
      (mean + covariance).allSatisfy(\.isFinite)
    else { return nil }
    (self.mean, self.covariance) = (mean, covariance)
  }

  /// The box where the object is expected.
  var box: CornerBox { CornerBox(centre: mean) }

  /// Advances by one frame.
  mutating func predict() {
    let (p, v) = (Self.position * mean[3], Self.velocity * mean[3])
    let noise = Self.diagonal([p, p, 1e-2, p, v, v, 1e-5, v])
    for i in 0..<Self.measured { mean[i] += mean[i + Self.measured] }
    // F P F^T, where F adds the velocities to the box.
    for row in 0..<Self.measured {
      for column in 0..<Self.size {
        covariance[row * Self.size + column] +=
          covariance[(row + Self.measured) * Self.size + column]
      }
    }
    for row in 0..<Self.size {
      for column in 0..<Self.measured {
        covariance[row * Self.size + column] += covariance[row * Self.size + column + Self.measured]
      }
    }
    for i in covariance.indices { covariance[i] += noise[i] }
  }

  /// Updates the state with an observed box.
  mutating func update(_ box: Measurement) {
    let p = Self.position * mean[3]
    var innovation = (0..<Self.measured).map { covariance[$0 * Self.size..<$0 * Self.size + 4] }
      .flatMap { $0 }
    for (i, deviation) in [p, p, 1e-1, p].enumerated() {
      innovation[i * Self.measured + i] += deviation * deviation
    }
    let factor = Self.cholesky(innovation)
    let difference = (0..<Self.measured).map { box[$0] - mean[$0] }
    // Rows of the gain: P H^T S^-1.
    let gain = (0..<Self.size).map { row in
      Self.solve(factor, (0..<Self.measured).map { covariance[row * Self.size + $0] })
    }
    let weighted = gain.map { row in
      (0..<Self.measured).map { column in
        (0..<Self.measured).reduce(0) { $0 + row[$1] * innovation[$1 * Self.measured + column] }
      }
    }
    for row in 0..<Self.size {
      mean[row] += (0..<Self.measured).reduce(0) { $0 + gain[row][$1] * difference[$1] }
      for column in 0..<Self.size {
        covariance[row * Self.size + column] -= (0..<Self.measured).reduce(0) {
          $0 + weighted[row][$1] * gain[column][$1]
        }
      }
    }
  }

  private static func diagonal(_ deviations: [Double]) -> [Double] {
    var matrix = [Double](repeating: 0, count: size * size)
    for (i, deviation) in deviations.enumerated() { matrix[i * size + i] = deviation * deviation }
    return matrix
  }

  /// Lower factor L of a symmetric positive definite [4, 4] matrix L L^T.
  private static func cholesky(_ matrix: [Double]) -> [Double] {
    var factor = [Double](repeating: 0, count: measured * measured)
    for row in 0..<measured {
      for column in 0...row {
        var rest = matrix[row * measured + column]
        for k in 0..<column { rest -= factor[row * measured + k] * factor[column * measured + k] }
        factor[row * measured + column] =
          row == column
          ? max(rest, .leastNormalMagnitude).squareRoot()
          : rest / factor[column * measured + column]
      }
    }
    return factor
  }

  /// Solves L L^T x = `right` for x.
  private static func solve(_ factor: [Double], _ right: [Double]) -> [Double] {
    var x = right
    for i in 0..<measured {
      for k in 0..<i { x[i] -= factor[i * measured + k] * x[k] }
      x[i] /= factor[i * measured + i]
    }
    for i in (0..<measured).reversed() {
      for k in (i + 1)..<measured { x[i] -= factor[k * measured + i] * x[k] }
      x[i] /= factor[i * measured + i]
    }
    return x
  }
}
