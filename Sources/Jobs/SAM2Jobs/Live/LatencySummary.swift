import Glibc
import JSON
import JobSupport

/// The time frames took from arrival to result, in constant memory.
struct LatencySummary: Sendable {
  /// Frame counts by the logarithm of their milliseconds, in steps of 2 %.
  private var bins = [Int](repeating: 0, count: 1200)
  private(set) var count = 0
  private(set) var maximum = 0.0
  private static let step = 1.02
  /// Milliseconds at the first bin.
  private static let smallest = 0.01

  mutating func add(milliseconds: Double) {
    count += 1
    maximum = max(maximum, milliseconds)
    let place = log(max(milliseconds, Self.smallest) / Self.smallest) / log(Self.step)
    bins[min(Int(place), bins.count - 1)] += 1
  }

  /// The milliseconds not exceeded by the given share of all frames, to 2 %; 0 without frames.
  func quantile(_ share: Double) -> Double {
    let target = share * Double(count)
    var sum = 0
    for (index, frames) in bins.enumerated() {
      sum += frames
      if frames > 0, Double(sum) >= target {
        return min(Self.smallest * pow(Self.step, Double(index + 1)), maximum)
      }
    }
    return maximum
  }

  var json: JSONValue {
    [
      "p50": milliseconds(quantile(0.5)), "p95": milliseconds(quantile(0.95)),
      "max": milliseconds(maximum),
    ]
  }
}
