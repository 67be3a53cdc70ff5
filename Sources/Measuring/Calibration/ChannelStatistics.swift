internal import Quantizer
internal import Runtime

/// Accumulates statistics of one product's input, using memory independent of the number of rows.
struct ChannelStatistics {
  /// Maximum number of rows read per value, evenly spread.
  static let rowLimit = 4096
  /// Maximum number of rows kept in the sample.
  static let sampleLimit = 512
  /// Number of rows initially sampled per value.
  private static let firstShare = 32

  private var rowCount = 0
  private var lowest: [Float]
  private var highest: [Float]
  private var sums: [Double]
  private var squares: [Double]
  private var sample: [Float] = []
  private var share = firstShare
  /// Number of rows that went into the sample, whether still there or not.
  private var drawn = 0

  init(channels: Int) {
    lowest = [Float](repeating: .infinity, count: channels)
    highest = [Float](repeating: -.infinity, count: channels)
    sums = [Double](repeating: 0, count: channels)
    squares = sums
  }

  /// Up to `limit` of `rows` rows, evenly spread but without a regular stride: rows are the cells
  /// of a map, or of its windows, and a stride would read the same few columns over and over.
  ///
  /// Multiples of approximately the golden ratio of `rows`, starting from the `first`-th, all
  /// different.
  static func rowIndices(_ rows: Int, limit: Int = rowLimit, first: Int = 0) -> [Int] {
    guard rows > limit else { return Array(0..<rows) }
    var step = Int(0.618_033_988_75 * Double(rows)) | 1
    while !areCoprime(step, rows) { step += 2 }
    return (first..<(first + limit)).map { $0 % rows * step % rows }
  }

  private static func areCoprime(_ a: Int, _ b: Int) -> Bool {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a == 1
  }

  mutating func add(_ value: TappedValue) {
    let channels = lowest.count
    guard channels > 0 else { return }
    var sum = [Float](repeating: 0, count: channels)
    var square = sum
    // Via pointers: bounds checks would take longer than the arithmetic.
    lowest.withUnsafeMutableBufferPointer { lowest in
      highest.withUnsafeMutableBufferPointer { highest in
        sum.withUnsafeMutableBufferPointer { sum in
          square.withUnsafeMutableBufferPointer { square in
            for row in Self.rowIndices(value.rows) {
              value.withRow(row) { row in
                for k in 0..<min(channels, row.count) {
                  let x = row[k]
                  lowest[k] = x < lowest[k] ? x : lowest[k]
                  highest[k] = x > highest[k] ? x : highest[k]
                  sum[k] += x
                  square[k] += x * x
                }
              }
            }
          }
        }
      }
    }
    rowCount += min(value.rows, Self.rowLimit)
    for k in 0..<channels {
      sums[k] += Double(sum[k])
      squares[k] += Double(square[k])
    }
    addToSample(value)
  }

  private mutating func addToSample(_ value: TappedValue) {
    let channels = lowest.count
    for row in Self.rowIndices(value.rows, limit: share, first: drawn) {
      value.withRow(row) { sample.append(contentsOf: $0) }
    }
    drawn += share
    guard channels > 0, sample.count > Self.sampleLimit * channels else { return }
    // Every second row stays, and later values contribute half as many, so all values count
    // equally.
    sample = stride(from: 0, to: sample.count / channels, by: 2).flatMap {
      sample[($0 * channels)..<(($0 + 1) * channels)]
    }
    share = max(1, share / 2)
  }

  var input: CalibrationProfile.Input {
    let count = Double(max(1, rowCount))
    return CalibrationProfile.Input(
      rowCount: rowCount, lowest: lowest, highest: highest, mean: sums.map { Float($0 / count) },
      secondMoment: squares.map { Float($0 / count) }, sample: sample)
  }
}
