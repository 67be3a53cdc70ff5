/// All 256 values of (value / 255 - mean) / deviation, one table per channel.
///
/// The reference divides by 255; multiplying by 1/255 would give different floats.
struct NormalizationTables: Sendable {
  let red: [Float]
  let green: [Float]
  let blue: [Float]

  init(mean: [Float], standardDeviation: [Float]) {
    precondition(mean.count == 3 && standardDeviation.count == 3)
    let tables = (0..<3).map { channel in
      (0..<256).map { (Float($0) / 255 - mean[channel]) / standardDeviation[channel] }
    }
    (red, green, blue) = (tables[0], tables[1], tables[2])
  }

  /// `pixels` and `output` are interleaved RGB of equal length.
  func apply(to pixels: UnsafeBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<Float>)
  {
    precondition(output.count >= pixels.count)
    red.withUnsafeBufferPointer { red in
      green.withUnsafeBufferPointer { green in
        blue.withUnsafeBufferPointer { blue in
          for i in stride(from: 0, to: pixels.count, by: 3) {
            output[i] = red[Int(pixels[i])]
            output[i + 1] = green[Int(pixels[i + 1])]
            output[i + 2] = blue[Int(pixels[i + 2])]
          }
        }
      }
    }
  }
}
