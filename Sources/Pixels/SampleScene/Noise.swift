/// Numbers derived from a seed, identical on every machine: they use integer hashing and arithmetic
/// that IEEE 754 defines exactly.
struct Noise: Sendable {
  let seed: UInt64

  /// A separate stream of numbers for each `index`.
  func stream(_ index: Int) -> Noise {
    Noise(seed: Noise.mixed(seed &+ UInt64(bitPattern: Int64(index)) &* 0xD6E8_FEB8_6659_FD93))
  }

  /// Uniform in 0..<1; one value for each pair.
  func value(_ x: Int, _ y: Int = 0) -> Double {
    let a = UInt64(bitPattern: Int64(x)) &* 0x9E37_79B9_7F4A_7C15
    let b = UInt64(bitPattern: Int64(y)) &* 0xC2B2_AE3D_27D4_EB4F
    return Double(Noise.mixed(seed ^ a ^ (b &+ (a >> 29))) >> 11) * 0x1p-53
  }

  /// Uniform in `range`; one value for each `index`.
  func value(_ index: Int, in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * value(index, 7)
  }

  /// Nearly normal with standard deviation 1: the sum of four uniform values.
  func bell(_ x: Int, _ y: Int) -> Double {
    let sum =
      value(x, 4 * y) + value(x, 4 * y + 1) + value(x, 4 * y + 2) + value(x, 4 * y + 3)
    return (sum - 2) * 1.732
  }

  /// Value noise: smooth, about one bump per unit, in 0...1.
  func smooth(_ x: Double, _ y: Double) -> Double {
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    let (i, j) = (Int(left), Int(top))
    let (u, v) = (Noise.eased(x - left), Noise.eased(y - top))
    let above = value(i, j) * (1 - u) + value(i + 1, j) * u
    let below = value(i, j + 1) * (1 - u) + value(i + 1, j + 1) * u
    return above * (1 - v) + below * v
  }

  /// Value noise plus finer, fainter copies of itself, in 0...1.
  func cloudy(_ x: Double, _ y: Double, octaves: Int) -> Double {
    var (sum, total, weight, scale) = (0.0, 0.0, 1.0, 1.0)
    for octave in 0..<octaves {
      sum += weight * stream(octave).smooth(x * scale, y * scale)
      total += weight
      weight *= 0.5
      scale *= 2
    }
    return sum / total
  }

  private static func eased(_ t: Double) -> Double { t * t * (3 - 2 * t) }

  /// The output function of SplitMix64.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Sine and cosine by series, because the last bits differ between C libraries.
enum Circle {
  static func sine(_ angle: Double) -> Double {
    let circle = 6.283185307179586
    let x = angle - (angle / circle).rounded() * circle
    var (term, sum) = (x, x)
    for k in 1...11 {
      term *= -x * x / Double((2 * k) * (2 * k + 1))
      sum += term
    }
    return sum
  }

  static func cosine(_ angle: Double) -> Double { sine(angle + 1.5707963267948966) }
}
