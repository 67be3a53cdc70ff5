import Glibc
import Graph

extension Space {
  /// Separable: each result pixel is a weighted sum of rows times a weighted sum of columns.
  static func resize(_ x: ReferenceValue, _ p: Resize) -> ReferenceValue {
    let pixels = Pixels(x)
    let rowTaps = taps(p.mode, from: x.shape[1], to: p.height)
    let columnTaps = taps(p.mode, from: x.shape[2], to: p.width)
    return Pixels.make([x.shape[0], p.height, p.width, x.shape[3]]) { image, row, column, channel in
      var sum = 0.0
      for y in rowTaps[row] {
        for x in columnTaps[column] {
          sum += y.weight * x.weight * pixels[image, y.index, x.index, channel]
        }
      }
      return sum
    }
  }

  /// One source pixel and its share.
  private struct Tap {
    var index: Int
    var weight: Double
  }

  /// Along one axis, the source pixels of each result pixel.
  ///
  /// An empty source has none.
  private static func taps(_ mode: Resize.Mode, from size: Int, to newSize: Int) -> [[Tap]] {
    guard size > 0 else { return Array(repeating: [], count: newSize) }
    return (0..<newSize).map { index in
      switch mode {
      case .nearest: [Tap(index: index * size / newSize, weight: 1)]
      case .bilinear: bilinear(index, size, newSize)
      case .bicubic: bicubic(index, size, newSize)
      case .bilinearAntialiased: antialiased(index, size, newSize)
      }
    }
  }

  /// Position of the centre of result pixel `index`, counted from the centre of the first source
  /// pixel (PyTorch's `align_corners=False`).
  private static func center(_ index: Int, _ size: Int, _ newSize: Int) -> Double {
    (Double(index) + 0.5) * Double(size) / Double(newSize) - 0.5
  }

  private static func bilinear(_ index: Int, _ size: Int, _ newSize: Int) -> [Tap] {
    let position = max(center(index, size, newSize), 0)
    let left = min(Int(position), size - 1)
    let share = position - Double(left)
    return [
      Tap(index: left, weight: 1 - share), Tap(index: min(left + 1, size - 1), weight: share),
    ]
  }

  /// Keys, "Cubic convolution interpolation for digital image processing" (1981), a = -0.75; the
  /// border pixel is repeated.
  private static func bicubic(_ index: Int, _ size: Int, _ newSize: Int) -> [Tap] {
    let position = center(index, size, newSize)
    let left = Int(floor(position))
    return (-1...2).map { step in
      let distance = abs(position - Double(left + step))
      return Tap(index: min(max(left + step, 0), size - 1), weight: keysWeight(distance))
    }
  }

  private static func keysWeight(_ d: Double) -> Double {
    let a = -0.75
    if d <= 1 { return ((a + 2) * d - (a + 3)) * d * d + 1 }
    if d < 2 { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a }
    return 0
  }

  /// A triangle as wide as two source pixels, or two result pixels when shrinking, cut off at the
  /// border and normalised.
  private static func antialiased(_ index: Int, _ size: Int, _ newSize: Int) -> [Tap] {
    let scale = Double(size) / Double(newSize)
    let radius = max(scale, 1)
    // Here positions count from the left edge of the first pixel.
    let middle = scale * (Double(index) + 0.5)
    let first = max(Int(middle - radius + 0.5), 0)
    let end = min(Int(middle + radius + 0.5), size)
    let weights = (first..<end).map { max(0, 1 - abs((Double($0) + 0.5 - middle) / radius)) }
    let sum = weights.reduce(0, +)
    return zip(first..<end, weights).map { Tap(index: $0, weight: $1 / sum) }
  }
}
