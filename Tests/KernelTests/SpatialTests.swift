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

  @Test(arguments: Level.all, [(7, 3), (3, 1), (3, 0), (1, 0)]) func depthwiseConvolution(
    level: Level, shape: (kernel: Int, padding: Int)
  ) {
    var random = SeededRandom(seed: 51)
    for (height, width, channels) in [(7, 7, 3), (9, 21, 16), (8, 16, 33), (10, 30, 40)] {
      let x = Image(height, width, channels, &random)
      let (kernel, padding) = shape
      let weight = random.floats(kernel * kernel * channels)
      let bias = random.floats(channels)
      let outHeight = height + 2 * padding - kernel + 1
      let outWidth = width + 2 * padding - kernel + 1
      var y = [Float](repeating: untouched, count: outHeight * outWidth * channels)
      // Rows in two ranges, as two threads would.
      for (first, last) in [(0, outHeight / 2), (outHeight / 2, outHeight)] {
        level.kernels.depthwise_conv_f32(
          x.values, height, width, channels, weight, bias, kernel, padding, &y, first, last)
      }
      var worst = 0.0
      for (index, actual) in y.enumerated() {
        let channel = index % channels
        let (row, column) = (index / channels / outWidth, index / channels % outWidth)
        var sum = Double(bias[channel])
        for ky in 0..<kernel {
          for kx in 0..<kernel {
            sum +=
              x[row + ky - padding, column + kx - padding, channel]
              * Double(weight[(ky * kernel + kx) * channels + channel])
          }
        }
        worst = max(worst, abs(Double(actual) - sum))
      }
      #expect(worst < convolutionTolerance, "\(height) x \(width) x \(channels): \(worst)")
    }
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
