internal import Glibc
internal import Graph

/// Source positions and weights of each output position along one axis, as PyTorch's `interpolate`
/// with `align_corners=False` defines them.
///
/// Every output position has `count` taps; positions are clamped to the axis.
struct ResizeTaps {
  let count: Int
  private(set) var indices: [Int] = []
  private(set) var weights: [Float] = []

  init(_ mode: Resize.Mode, from size: Int, to outputs: Int) {
    let scale = Double(size) / Double(outputs)
    switch mode {
    case .nearest: count = 1
    case .bilinear: count = 2
    case .bicubic: count = 4
    case .bilinearAntialiased: count = max(2, Int((max(1, scale) * 2).rounded(.up)) + 1)
    }
    for output in 0..<outputs {
      switch mode {
      case .nearest: append([(min(size - 1, Int(Double(output) * scale)), 1)], size)
      case .bilinear: appendLinear(output, scale, size)
      case .bicubic: appendCubic(output, scale, size)
      case .bilinearAntialiased: appendTriangle(output, scale, size)
      }
    }
  }

  private mutating func append(_ taps: [(Int, Double)], _ size: Int) {
    for (index, weight) in taps {
      indices.append(min(size - 1, max(0, index)))
      weights.append(Float(weight))
    }
  }

  private mutating func appendLinear(_ output: Int, _ scale: Double, _ size: Int) {
    let position = max(0, (Double(output) + 0.5) * scale - 0.5)
    let left = Int(position)
    let fraction = position - Double(left)
    append([(left, 1 - fraction), (left + 1, fraction)], size)
  }

  private mutating func appendCubic(_ output: Int, _ scale: Double, _ size: Int) {
    let a = -0.75
    let position = (Double(output) + 0.5) * scale - 0.5
    let left = position.rounded(.down)
    let t = position - left
    func near(_ x: Double) -> Double { ((a + 2) * x - (a + 3)) * x * x + 1 }
    func far(_ x: Double) -> Double { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    let first = Int(left) - 1
    let weights = [far(1 + t), near(t), near(1 - t), far(2 - t)]
    append(weights.enumerated().map { (first + $0.offset, $0.element) }, size)
  }

  private mutating func appendTriangle(_ output: Int, _ scale: Double, _ size: Int) {
    let support = max(1, scale)
    let centre = (Double(output) + 0.5) * scale
    let first = max(0, Int(centre - support + 0.5))
    let last = min(size, Int(centre + support + 0.5))
    var taps: [(Int, Double)] = (first..<max(first + 1, last)).map { index in
      (index, max(0, 1 - abs((Double(index) - centre + 0.5) / support)))
    }
    let sum = taps.reduce(0) { $0 + $1.1 }
    taps = taps.prefix(count).map { ($0.0, $0.1 / sum) }
    while taps.count < count { taps.append((taps[0].0, 0)) }
    append(taps, size)
  }

  /// One row of `channels`-wide pixels along this axis.
  func apply(
    _ row: UnsafePointer<Float>, channels: Int, to output: UnsafeMutablePointer<Float>
  ) {
    indices.withUnsafeBufferPointer { indices in
      weights.withUnsafeBufferPointer { weights in
        for position in 0..<(indices.count / count) {
          let out = output + position &* channels
          for channel in 0..<channels {
            var sum: Float = 0
            for tap in (position &* count)..<(position &* count &+ count) {
              sum += row[indices[tap] &* channels &+ channel] * weights[tap]
            }
            out[channel] = sum
          }
        }
      }
    }
  }
}
