import Glibc
import Graph

/// Operators that encode positions.
enum Positions {
  /// x [..., 2] in 0...1, matrix [2, F] -> [sin | cos](2 pi (2 x - 1) matrix).
  static func fourierFeatures(
    _ x: ReferenceValue, _ matrix: ReferenceValue, _ shape: [Int]
  ) -> ReferenceValue {
    let frequencies = matrix.shape[1]
    var values: [Double] = []
    for index in 0..<x.rows {
      let (u, v) = (2 * x.values[2 * index] - 1, 2 * x.values[2 * index + 1] - 1)
      let angles = (0..<frequencies).map {
        2 * Double.pi * (u * matrix.values[$0] + v * matrix.values[frequencies + $0])
      }
      values += angles.map { sin($0) } + angles.map { cos($0) }
    }
    return ReferenceValue(shape, values)
  }

  /// x [..., 1] -> [sin | cos] of x over each wavelength.
  static func sineFeatures(
    _ x: ReferenceValue, _ channels: Int, _ temperature: Double, _ shape: [Int]
  ) -> ReferenceValue {
    let divisors = wavelengths(channels / 2, temperature)
    let values = x.values.flatMap { position in
      divisors.map { sin(position / $0) } + divisors.map { cos(position / $0) }
    }
    return ReferenceValue(shape, values)
  }

  /// Centres (x, y) of the pixels, in 0...1.
  static func pixelGrid(_ height: Int, _ width: Int) -> ReferenceValue {
    var values: [Double] = []
    for row in 0..<height {
      for column in 0..<width {
        values.append((Double(column) + 0.5) / Double(width))
        values.append((Double(row) + 0.5) / Double(height))
      }
    }
    return ReferenceValue([height, width, 2], values)
  }

  /// Carion et al., "End-to-end object detection with transformers" (2020): the first half of the
  /// channels encodes y, the second x, sine and cosine alternating; positions run from 1 to the
  /// size and are scaled to 2 pi.
  static func sineGrid(
    _ height: Int, _ width: Int, _ channels: Int, _ temperature: Double
  ) -> ReferenceValue {
    let divisors = wavelengths(channels / 2, temperature)
    func code(_ index: Int, of size: Int) -> [Double] {
      let position = Double(index + 1) / (Double(size) + 1e-6) * 2 * Double.pi
      return divisors.enumerated().map { channel, divisor in
        channel % 2 == 0 ? sin(position / divisor) : cos(position / divisor)
      }
    }
    var values: [Double] = []
    for row in 0..<height {
      for column in 0..<width { values += code(row, of: height) + code(column, of: width) }
    }
    return ReferenceValue([height, width, channels], values)
  }

  /// Cosine or sine of each token's angles: half of the columns rotate with x, half with y.
  static func rotaryTable(_ p: RotaryTable) -> ReferenceValue {
    let half = p.pairs / 2
    let frequencies = (0..<half).map { pow(Double(p.theta), -Double($0) / Double(half)) }
    var values: [Double] = []
    for row in 0..<p.height {
      for column in 0..<p.width {
        let angles =
          frequencies.map { Double(column) * $0 } + frequencies.map { Double(row) * $0 }
        values += angles.map { p.part == .cosine ? cos($0) : sin($0) }
      }
    }
    return ReferenceValue([p.height * p.width, p.pairs], values)
  }

  /// temperature^(2 floor(i / 2) / count): neighbours share a wavelength.
  private static func wavelengths(_ count: Int, _ temperature: Double) -> [Double] {
    (0..<count).map { pow(temperature, 2 * Double($0 / 2) / Double(count)) }
  }
}
