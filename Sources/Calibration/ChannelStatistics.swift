internal import Quantizer
internal import Runtime

/// Adds up what goes into one product, in memory that does not grow with the number of rows.
struct ChannelStatistics {
  /// Rows of one value that are read at most, evenly spread.
  static let rowLimit = 4096
  /// Rows that the sample keeps at most.
  static let sampleLimit = 512
  /// Rows that the sample takes of one value at first.
  private static let firstShare = 32

  private var rowCount = 0
  private var largest: [Float]
  private var sums: [Double]
  private var squares: [Double]
  private var sample: [Float] = []
  private var share = firstShare

  init(channels: Int) {
    largest = [Float](repeating: 0, count: channels)
    sums = [Double](repeating: 0, count: channels)
    squares = sums
  }

  /// Rows of a value with `rows` rows that are read.
  static func rowIndices(_ rows: Int) -> StrideTo<Int> {
    stride(from: 0, to: rows, by: max(1, (rows + rowLimit - 1) / rowLimit))
  }

  mutating func add(_ value: TappedValue) {
    let channels = largest.count
    var sum = [Float](repeating: 0, count: channels)
    var square = sum
    for row in Self.rowIndices(value.rows) {
      value.withRow(row) { row in
        for k in 0..<channels {
          let x = row[k]
          largest[k] = max(largest[k], abs(x))
          sum[k] += x
          square[k] += x * x
        }
      }
      rowCount += 1
    }
    for k in 0..<channels {
      sums[k] += Double(sum[k])
      squares[k] += Double(square[k])
    }
    addToSample(value)
  }

  private mutating func addToSample(_ value: TappedValue) {
    let channels = largest.count
    for row in stride(from: 0, to: value.rows, by: max(1, value.rows / share)) {
      value.withRow(row) { sample.append(contentsOf: $0) }
    }
    guard channels > 0, sample.count > Self.sampleLimit * channels else { return }
    // Every second row stays, and later values give half as many: all values count alike.
    sample = stride(from: 0, to: sample.count / channels, by: 2).flatMap {
      sample[($0 * channels)..<(($0 + 1) * channels)]
    }
    share = max(1, share / 2)
  }

  var input: CalibrationProfile.Input {
    let count = Double(max(1, rowCount))
    return CalibrationProfile.Input(
      rowCount: rowCount, absoluteMaximum: largest, mean: sums.map { Float($0 / count) },
      secondMoment: squares.map { Float($0 / count) }, sample: sample)
  }
}
