import CKernels
import TestSupport
import Testing

/// Up to 49 products of numbers in [-1, 1].
private let convolutionTolerance = 5e-6

@Suite struct SpatialTests {
  private struct Image {
    let height: Int, width: Int, channels: Int
    let values: [Float]

    init(_ height: Int, _ width: Int, _ channels: Int, _ random: inout SeededRandom) {
      (self.height, self.width, self.channels) = (height, width, channels)
      values = random.floats(height * width * channels)
    }

    subscript(row: Int, column: Int, channel: Int) -> Double {
      guard (0..<height).contains(row), (0..<width).contains(column) else { return 0 }
      return Double(values[(row * width + column) * channels + channel])
    }
  }

  struct Taps: Sendable, CustomTestStringConvertible {
    let kernel: Int, stride: Int, padding: Int

    init(_ kernel: Int, stride: Int = 1, padding: Int) {
      (self.kernel, self.stride, self.padding) = (kernel, stride, padding)
    }

    var testDescription: String { "kernel \(kernel), stride \(stride), padding \(padding)" }

    func outputs(_ side: Int) -> Int { (side + 2 * padding - kernel) / stride + 1 }

    static let all: [Taps] =
      [Taps(7, padding: 3), Taps(3, padding: 1), Taps(3, padding: 0), Taps(1, padding: 0)]
      + [
        Taps(3, stride: 2, padding: 1), Taps(3, stride: 3, padding: 0),
        Taps(5, stride: 2, padding: 4), Taps(4, stride: 3, padding: 1),
        // Places between the kernels, an output of one column, and outputs outside the image.
        Taps(2, stride: 5, padding: 0), Taps(7, stride: 50, padding: 2),
        Taps(1, stride: 2, padding: 3), Taps(2, stride: 1, padding: 5),
      ]
  }

  @Test(arguments: Level.all, Taps.all) func depthwiseConvolution(level: Level, taps: Taps) {
    var random = SeededRandom(seed: 51)
    for (height, width, channels) in [(7, 7, 3), (9, 21, 16), (8, 16, 33), (10, 61, 40)] {
      let x = Image(height, width, channels, &random)
      let kernel = taps.kernel
      let weight = random.floats(kernel * kernel * channels)
      let bias = random.floats(channels)
      let (outHeight, outWidth) = (taps.outputs(height), taps.outputs(width))
      let count = outHeight * outWidth * channels
      var y = [Float](repeating: untouched, count: count + 1)
      // Rows in two ranges, as two threads would.
      for (first, last) in [(0, outHeight / 2), (outHeight / 2, outHeight)] {
        level.kernels.depthwise_conv_f32(
          x.values, height, width, channels, weight, bias, kernel, taps.stride, taps.padding, &y,
          first, last)
      }
      var worst = 0.0
      for index in 0..<count {
        let channel = index % channels
        let (row, column) = (index / channels / outWidth, index / channels % outWidth)
        var sum = Double(bias[channel])
        for ky in 0..<kernel {
          for kx in 0..<kernel {
            sum +=
              x[
                row * taps.stride + ky - taps.padding, column * taps.stride + kx - taps.padding,
                channel] * Double(weight[(ky * kernel + kx) * channels + channel])
          }
        }
        worst = max(worst, abs(Double(y[index]) - sum))
      }
      #expect(worst < convolutionTolerance, "\(height) x \(width) x \(channels): \(worst)")
      #expect(y.last == untouched)
    }
  }

  /// Up to 21 numbers in [-1, 1], scaled.
  private static let sumTolerance = 3e-6

  @Test(arguments: Level.all, [1, 5, 16, 33, 64, 131]) func sumsOfPlaces(
    level: Level, channels: Int
  ) {
    var random = SeededRandom(seed: 53)
    let (rows, places) = (3, 7)
    let stride = places * channels + 5
    let x = random.floats(rows * stride)
    var y = [Float](repeating: untouched, count: channels + 1)
    level.kernels.sum_places_f32(x, stride, rows, places, channels, 0.5, &y)
    for channel in 0..<channels {
      var sum = 0.0
      for row in 0..<rows {
        for place in 0..<places { sum += Double(x[row * stride + place * channels + channel]) }
      }
      #expect(abs(Double(y[channel]) - sum / 2) < Self.sumTolerance)
    }
    #expect(y.last == untouched)
  }

  @Test(arguments: Level.all, [1, 2, 3]) func maxPool(level: Level, window: Int) {
    var random = SeededRandom(seed: 52)
    for (height, width, channels) in [(6, 6, 5), (7, 9, 16), (8, 5, 33)] {
      let x = Image(height, width, channels, &random)
      let (outHeight, outWidth) = (height / window, width / window)
      var y = [Float](repeating: untouched, count: outHeight * outWidth * channels + 1)
      level.kernels.max_pool_f32(x.values, channels, height, width, channels, window, &y, 0, 1)
      level.kernels.max_pool_f32(
        x.values, channels, height, width, channels, window, &y, 1, outHeight)
      for index in 0..<outHeight * outWidth * channels {
        let (row, column) = (index / channels / outWidth, index / channels % outWidth)
        let cell = (0..<window * window).map {
          x[row * window + $0 / window, column * window + $0 % window, index % channels]
        }
        #expect(Double(y[index]) == cell.max())
      }
      #expect(y.last == untouched)
    }
  }
}
