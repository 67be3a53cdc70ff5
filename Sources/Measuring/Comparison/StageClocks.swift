internal import Bytes
internal import Runtime
internal import SAM2

/// Timings of two models' work, sampled while they were compared.
public struct StageClocks: Sendable {
  public enum Side: Sendable, CaseIterable {
    case reference
    case candidate
  }

  /// Seconds and multiply-accumulates for one run.
  struct Sample: Sendable {
    let seconds: Double
    let floatWork: Double
    let int8Work: Double

    var work: Double { floatWork + int8Work }
  }

  /// One side's times for one stage.
  public struct Times: Sendable {
    public let runs: Int
    public let medianMilliseconds: Double
    public let p95Milliseconds: Double
    /// Multiply-accumulates per run, in 10^9.
    public let floatGMAC: Double
    public let int8GMAC: Double
    /// The minimum time for the products at the measured peak, divided by the time they took.
    public let shareOfPeak: Double
  }

  public struct Row: Sendable {
    public let name: String
    /// Whether the row is for one graph rather than a whole task.
    public let isGraph: Bool
    public let reference: Times?
    public let candidate: Times?
  }

  /// Multiply-accumulates per second on one core, with operands in registers; the maximum so far.
  public private(set) var peakFloat = 1.0
  public private(set) var peakInt8 = 1.0
  public let threadCount: Int
  public let kernelLevel: String

  private let kernels: KernelTable
  private let arithmetic: FloatArithmetic
  private var order: [(name: String, isGraph: Bool)] = []
  private var samples: [String: [Side: [Sample]]] = [:]

  init(_ program: Program) throws(Failure) {
    threadCount = program.threadCount
    kernelLevel = program.kernelLevel
    arithmetic = program.arithmetic
    kernels = try KernelTable(level: program.kernelLevel)
    measurePeak()
  }

  mutating func measurePeak() {
    peakFloat = max(peakFloat, kernels.measurePeak(.float(arithmetic), seconds: 0.02))
    peakInt8 = max(peakInt8, kernels.measurePeak(.int8, seconds: 0.02))
  }

  // MARK: - Sampling

  /// Runs `body`, which uses `model`, and records the time it and each graph in it took.
  mutating func time<Value>(
    _ name: String, _ side: Side, _ model: SegmentationModel,
    _ body: () throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let before = model.program?.timings ?? [:]
    let start = monotonicSeconds()
    let value = try body()
    let seconds = monotonicSeconds() - start
    var (floatWork, int8Work) = (0.0, 0.0)
    for (graph, now) in (model.program?.timings ?? [:]).sorted(by: { $0.key < $1.key }) {
      let then = before[graph] ?? GraphTiming()
      let calls = Double(now.calls - then.calls)
      guard calls > 0 else { continue }
      floatWork += now.floatWork - then.floatWork
      int8Work += now.int8Work - then.int8Work
      note(
        graph, isGraph: true, side,
        Sample(
          seconds: (now.seconds - then.seconds) / calls,
          floatWork: (now.floatWork - then.floatWork) / calls,
          int8Work: (now.int8Work - then.int8Work) / calls))
    }
    note(
      name, isGraph: false, side,
      Sample(seconds: seconds, floatWork: floatWork, int8Work: int8Work))
    return value
  }

  private mutating func note(_ name: String, isGraph: Bool, _ side: Side, _ sample: Sample) {
    if samples[name] == nil { order.append((name, isGraph)) }
    samples[name, default: [:]][side, default: []].append(sample)
  }

  // MARK: - Results

  /// Tasks in order of first execution, then graphs.
  public var rows: [Row] {
    (order.filter { !$0.isGraph } + order.filter(\.isGraph)).map { name, isGraph in
      Row(
        name: name, isGraph: isGraph, reference: times(samples[name]?[.reference]),
        candidate: times(samples[name]?[.candidate]))
    }
  }

  /// Times of the runs with the maximum work; for tracking, those with the maximum memory.
  ///
  /// The first of these plans and packs, so it counts only if it is the only one.
  private func times(_ samples: [Sample]?) -> Times? {
    guard let samples, let maximum = samples.map(\.work).max() else { return nil }
    let alike = samples.filter { $0.work >= 0.999 * maximum }
    let counted = (alike.count > 1 ? Array(alike.dropFirst()) : alike).sorted {
      $0.seconds < $1.seconds
    }
    let median = counted[counted.count / 2]
    let p95 = counted[min(counted.count - 1, Int(0.95 * Double(counted.count)))]
    let minimumSeconds =
      (median.floatWork / peakFloat + median.int8Work / peakInt8) / Double(threadCount)
    return Times(
      runs: counted.count, medianMilliseconds: median.seconds * 1000,
      p95Milliseconds: p95.seconds * 1000, floatGMAC: median.floatWork / 1e9,
      int8GMAC: median.int8Work / 1e9, shareOfPeak: minimumSeconds / max(median.seconds, 1e-9))
  }
}
