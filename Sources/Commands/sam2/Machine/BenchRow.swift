/// Milliseconds of one kind of work, and its number of multiplications.
struct BenchRow {
  let name: String
  var samples: [Double] = []
  /// Multiply-accumulates per run.
  var floatWork = 0.0
  var int8Work = 0.0
  /// Share of the threads' time inside products and attention, per sample; empty unless clocked.
  var productShares: [Double] = []

  /// The sample value that the fraction `share` of all samples does not exceed.
  func percentile(_ share: Double) -> Double {
    let sorted = samples.sorted()
    guard let last = sorted.last else { return 0 }
    let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
    return sorted.indices.contains(index) ? sorted[index] : last
  }

  var median: Double { percentile(0.5) }

  /// Median share of the threads' time inside products; nil unless clocked.
  var productShare: Double? {
    let sorted = productShares.sorted()
    return sorted.isEmpty ? nil : sorted[sorted.count / 2]
  }
}

extension [BenchRow] {
  mutating func add(_ name: String, seconds: Double, _ floatWork: Double, _ int8Work: Double) {
    if !contains(where: { $0.name == name }) { append(BenchRow(name: name)) }
    guard let index = firstIndex(where: { $0.name == name }) else { return }
    self[index].samples.append(seconds * 1000)
    // If calls differ in size, keep the largest, which is the cost with a full bank.
    self[index].floatWork = Swift.max(self[index].floatWork, floatWork)
    self[index].int8Work = Swift.max(self[index].int8Work, int8Work)
  }

  mutating func addProducts(_ name: String, share: Double) {
    guard let index = firstIndex(where: { $0.name == name }) else { return }
    self[index].productShares.append(share)
  }
}
