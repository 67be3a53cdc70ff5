/// The inner loops of resizing, over unchecked buffers: the only unsafe arithmetic in this room.
///
/// The taps were computed for exactly these widths and heights, so every position they refer to
/// exists; the buffers' sizes are checked once before each loop.
enum ResizeLoops {
  // MARK: - Float, three channels

  /// Looks up `pixels` [height, width, 3] in `table`, and filters each row into
  /// `output` [height, taps, 3].
  static func alongRows(
    _ pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, table: [Float],
    taps: FilterTaps<Float>, into output: UnsafeMutableBufferPointer<Float>
  ) {
    let outputWidth = taps.outputCount
    precondition(pixels.count >= width * height * 3 && table.count == 256)
    precondition(output.count >= outputWidth * height * 3)
    var row = [Float](repeating: 0, count: width * 3)
    row.withUnsafeMutableBufferPointer { row in
      table.withUnsafeBufferPointer { table in
        taps.weights.withUnsafeBufferPointer { weights in
          taps.starts.withUnsafeBufferPointer { starts in
            taps.counts.withUnsafeBufferPointer { counts in
              for y in 0..<height {
                let source = y &* width &* 3
                for i in 0..<width &* 3 { row[i] = table[Int(pixels[source &+ i])] }
                let target = y &* outputWidth &* 3
                for x in 0..<outputWidth {
                  var sample = 3 &* Int(starts[x])
                  let weight = x &* taps.stride
                  var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
                  for tap in 0..<Int(counts[x]) {
                    let w = weights[weight &+ tap]
                    red += row[sample] * w
                    green += row[sample &+ 1] * w
                    blue += row[sample &+ 2] * w
                    sample &+= 3
                  }
                  output[target &+ 3 &* x] = red
                  output[target &+ 3 &* x &+ 1] = green
                  output[target &+ 3 &* x &+ 2] = blue
                }
              }
            }
          }
        }
      }
    }
  }

  /// Sums weighted rows: `input` is [_, rowLength], `output` [taps, rowLength].
  static func alongColumns(
    _ input: UnsafeBufferPointer<Float>, rowLength: Int, taps: FilterTaps<Float>,
    into output: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(output.count >= taps.outputCount * rowLength)
    for y in 0..<taps.outputCount {
      let target = y &* rowLength
      for tap in 0..<Int(taps.counts[y]) {
        let source = (Int(taps.starts[y]) &+ tap) &* rowLength
        let w = taps.weights[y &* taps.stride &+ tap]
        if tap == 0 {
          for i in 0..<rowLength { output[target &+ i] = input[source &+ i] * w }
        } else {
          for i in 0..<rowLength { output[target &+ i] += input[source &+ i] * w }
        }
      }
    }
  }

  /// Computes (value - mean) / deviation in place over interleaved RGB.
  static func normalize(
    _ values: UnsafeMutableBufferPointer<Float>, mean: [Float], standardDeviation: [Float]
  ) {
    precondition(mean.count == 3 && standardDeviation.count == 3 && values.count % 3 == 0)
    let (m0, m1, m2) = (mean[0], mean[1], mean[2])
    let (s0, s1, s2) = (standardDeviation[0], standardDeviation[1], standardDeviation[2])
    var i = 0
    while i < values.count {
      values[i] = (values[i] - m0) / s0
      values[i &+ 1] = (values[i &+ 1] - m1) / s1
      values[i &+ 2] = (values[i &+ 2] - m2) / s2
      i &+= 3
    }
  }

  // MARK: - Fixed point, three channels

  /// Half a unit in the last bit kept: Pillow's initial value for each sum.
  private static var half: Int32 { 1 << (FilterTaps<Int32>.precisionBits - 1) }

  private static func sample(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min(max(sum >> FilterTaps<Int32>.precisionBits, 0), 255))
  }

  /// Filters each row of `pixels` [height, width, 3] into `output` [height, taps, 3].
  static func alongRows(
    _ pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, taps: FilterTaps<Int32>,
    into output: UnsafeMutableBufferPointer<UInt8>
  ) {
    let outputWidth = taps.outputCount
    precondition(pixels.count >= width * height * 3)
    precondition(output.count >= outputWidth * height * 3)
    taps.weights.withUnsafeBufferPointer { weights in
      taps.starts.withUnsafeBufferPointer { starts in
        taps.counts.withUnsafeBufferPointer { counts in
          for y in 0..<height {
            let target = y &* outputWidth &* 3
            for x in 0..<outputWidth {
              var i = (y &* width &+ Int(starts[x])) &* 3
              let weight = x &* taps.stride
              var (red, green, blue) = (half, half, half)
              for tap in 0..<Int(counts[x]) {
                let w = weights[weight &+ tap]
                red &+= Int32(pixels[i]) &* w
                green &+= Int32(pixels[i &+ 1]) &* w
                blue &+= Int32(pixels[i &+ 2]) &* w
                i &+= 3
              }
              output[target &+ 3 &* x] = sample(red)
              output[target &+ 3 &* x &+ 1] = sample(green)
              output[target &+ 3 &* x &+ 2] = sample(blue)
            }
          }
        }
      }
    }
  }

  /// Sums weighted rows: `input` is [_, rowLength], `output` [taps, rowLength].
  static func alongColumns(
    _ input: UnsafeBufferPointer<UInt8>, rowLength: Int, taps: FilterTaps<Int32>,
    into output: UnsafeMutableBufferPointer<UInt8>
  ) {
    precondition(output.count >= taps.outputCount * rowLength)
    var sums = [Int32](repeating: half, count: rowLength)
    sums.withUnsafeMutableBufferPointer { sums in
      for y in 0..<taps.outputCount {
        sums.update(repeating: half)
        for tap in 0..<Int(taps.counts[y]) {
          let source = (Int(taps.starts[y]) &+ tap) &* rowLength
          let w = taps.weights[y &* taps.stride &+ tap]
          for i in 0..<rowLength { sums[i] &+= Int32(input[source &+ i]) &* w }
        }
        let target = y &* rowLength
        for i in 0..<rowLength { output[target &+ i] = sample(sums[i]) }
      }
    }
  }

  // MARK: - Bilinear, one channel

  /// Calls `body` for each output row with the two stretched input rows to blend and the share of
  /// the second; each input row is stretched only once.
  @inline(__always)
  static func forBilinearRows(
    _ plane: UnsafeBufferPointer<Float>, columns: LinearTaps, rows: LinearTaps, fromWidth: Int,
    _ body: (
      _ y: Int, _ upper: UnsafePointer<Float>, _ lower: UnsafePointer<Float>, _ share: Float
    ) -> Void
  ) {
    let width = columns.first.count
    var stretched = [[Float]](repeating: [Float](repeating: 0, count: width), count: 2)
    var held: [Int32] = [-1, -1]
    for y in 0..<rows.first.count {
      let (first, second, share) = (rows.first[y], rows.second[y], rows.share[y])
      if held[0] != first {
        if held[1] == first {
          stretched.swapAt(0, 1)
          held.swapAt(0, 1)
        } else {
          stretch(plane, row: Int(first), fromWidth: fromWidth, columns, into: &stretched[0])
          held[0] = first
        }
      }
      if held[1] != second {
        stretch(plane, row: Int(second), fromWidth: fromWidth, columns, into: &stretched[1])
        held[1] = second
      }
      stretched[0].withUnsafeBufferPointer { upper in
        stretched[1].withUnsafeBufferPointer { lower in
          if let upper = upper.baseAddress, let lower = lower.baseAddress {
            body(y, upper, lower, share)
          }
        }
      }
    }
  }

  /// Writes the blended row.
  static func blend(
    _ upper: UnsafePointer<Float>, _ lower: UnsafePointer<Float>, share: Float, count: Int,
    into output: UnsafeMutablePointer<Float>
  ) {
    for x in 0..<count { output[x] = (1 - share) * upper[x] + share * lower[x] }
  }

  /// Writes 1 where the blended row is above `threshold`, 0 elsewhere.
  static func blend(
    _ upper: UnsafePointer<Float>, _ lower: UnsafePointer<Float>, share: Float, count: Int,
    above threshold: Float, into output: UnsafeMutablePointer<UInt8>
  ) {
    for x in 0..<count {
      output[x] = (1 - share) * upper[x] + share * lower[x] > threshold ? 1 : 0
    }
  }

  /// Elements of a blended row processed at a time; the compiler would branch for each one.
  private typealias Lanes = SIMD8<Float>

  @inline(__always)
  private static func blended(
    _ upper: UnsafePointer<Float>, _ lower: UnsafePointer<Float>, _ x: Int, share: Float
  ) -> Lanes {
    let (a, b) = (UnsafeRawPointer(upper + x), UnsafeRawPointer(lower + x))
    return (1 - share) * a.loadUnaligned(as: Lanes.self) + share * b.loadUnaligned(as: Lanes.self)
  }

  /// How many elements of the blended row are above `high`, and how many above `low`.
  static func countBlended(
    _ upper: UnsafePointer<Float>, _ lower: UnsafePointer<Float>, share: Float, count: Int,
    high: Float, low: Float
  ) -> (high: Int, low: Int) {
    let (none, one) = (SIMD8<Int32>(repeating: 0), SIMD8<Int32>(repeating: 1))
    var (inner, outer) = (none, none)
    var x = 0
    while x &+ Lanes.scalarCount <= count {
      let values = blended(upper, lower, x, share: share)
      inner &+= none.replacing(with: one, where: values .> Lanes(repeating: high))
      outer &+= none.replacing(with: one, where: values .> Lanes(repeating: low))
      x &+= Lanes.scalarCount
    }
    var sums = (high: Int(inner.wrappedSum()), low: Int(outer.wrappedSum()))
    for x in x..<count {
      let value = (1 - share) * upper[x] + share * lower[x]
      sums.high &+= value > high ? 1 : 0
      sums.low &+= value > low ? 1 : 0
    }
    return sums
  }

  private static func stretch(
    _ plane: UnsafeBufferPointer<Float>, row: Int, fromWidth: Int, _ columns: LinearTaps,
    into output: inout [Float]
  ) {
    let source = row &* fromWidth
    output.withUnsafeMutableBufferPointer { output in
      columns.first.withUnsafeBufferPointer { first in
        columns.second.withUnsafeBufferPointer { second in
          columns.share.withUnsafeBufferPointer { share in
            for x in 0..<output.count {
              let (a, b) = (plane[source &+ Int(first[x])], plane[source &+ Int(second[x])])
              output[x] = (1 - share[x]) * a + share[x] * b
            }
          }
        }
      }
    }
  }
}
