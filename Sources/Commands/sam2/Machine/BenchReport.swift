internal import Bytes
import CLISupport
import Glibc
import JSON
import JobSupport
import Runtime
import SAM2

/// The results of a benchmark, for people and for scripts.
struct BenchReport {
  private let bench: Benchmark
  private let model: String

  init(_ bench: Benchmark, model: String) {
    (self.bench, self.model) = (bench, model)
  }

  /// Share of the peak of all threads: the minimum time for the products, divided by the time
  /// taken.
  private func shareOfPeak(_ floatWork: Double, _ int8Work: Double, seconds: Double) -> Double {
    let minimumSeconds =
      (floatWork / bench.peak.float + int8Work / bench.peak.int8)
      / Double(bench.program.threadCount)
    return seconds > 0 ? minimumSeconds / seconds : 0
  }

  private func shareOfPeak(_ row: BenchRow) -> Double {
    shareOfPeak(row.floatWork, row.int8Work, seconds: row.median / 1000)
  }

  private var arithmetic: FloatArithmetic { bench.program.arithmetic }

  /// Peak memory use so far, in MB.
  private var peakMemory: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) * 1024 / 1e6
  }

  /// Milliseconds by which a kind's first run exceeds its median: planning, packing, fresh memory.
  private func preparation(_ kind: String, _ seconds: Double) -> Double {
    let median = bench.totals.first { $0.name == kind }?.median ?? 0
    return max(0, seconds * 1000 - median)
  }

  // MARK: - Text

  func text(withStages: Bool, withOperators: Bool) -> String {
    let size = bench.model.imageSize
    var lines = [
      "\(bench.program.kernelLevel) kernels, \(bench.program.threadCount) threads, \(size)x\(size) "
        + "input; a core reaches \(fixed(bench.peak.float / 1e9, 1)) GMAC/s \(arithmetic.rawValue), "
        + "\(fixed(bench.peak.int8 / 1e9, 1)) GMAC/s int8"
    ]
    lines += (bench.totals + (withStages ? bench.graphs : [])).map(line)
    let preparations = bench.firstSeconds.map {
      ", first \"\($0.kind)\" \(fixed(preparation($0.kind, $0.seconds), 1)) ms more than later"
    }
    lines.append("load \(fixed(bench.loadSeconds * 1000, 1)) ms" + preparations.joined())
    let growth =
      bench.heapGrowth > 0 ? "grew by \(readable(byteCount: bench.heapGrowth))" : "did not grow"
    lines.append(
      "peak memory \(fixed(peakMemory, 0)) MB; the heap \(growth) in the measured runs")
    if withOperators { lines += operatorLines() }
    return lines.joined(separator: "\n")
  }

  private func line(_ row: BenchRow) -> String {
    let work = row.floatWork + row.int8Work
    let rate = row.median > 0 ? work / row.median / 1e6 : 0
    return padded(row.name, 36)
      + "\(fixed(row.median, 2)) ms median, \(fixed(row.percentile(0.95), 2)) ms p95, "
      + "\(fixed(work / 1e9, 3)) GMAC, \(fixed(rate, 1)) GMAC/s, "
      + "\(fixed(shareOfPeak(row) * 100, 1)) % of peak"
      + (row.productShare.map { ", \(fixed($0 * 100, 1)) % of the time in products" } ?? "")
  }

  /// Share of the threads' time in a step that is spent inside products and attention.
  private func productShare(_ step: StepTiming) -> Double {
    step.productSeconds / max(1e-9, step.seconds * Double(bench.program.threadCount))
  }

  /// Lines for the steps of each graph.
  private func operatorLines() -> [String] {
    var lines = [
      "", "graph, step: ms per call, share of the graph, in products, GMAC/s, % of peak",
    ]
    let steps = bench.program.stepTimings
    var graphSeconds: [String: Double] = [:]
    for step in steps { graphSeconds[step.graph, default: 0] += step.seconds }
    for step in steps where step.calls > 0 {
      let seconds = step.seconds / Double(step.calls)
      let work = step.floatWork + step.int8Work
      let share = step.seconds / max(1e-9, graphSeconds[step.graph] ?? 0)
      lines.append(
        padded("\(step.graph) \(step.label)", 62) + padded(step.kind, 28)
          + "\(fixed(seconds * 1000, 3)) ms, \(fixed(share * 100, 1)) %, "
          + "\(fixed(productShare(step) * 100, 1)) %, \(fixed(work / seconds / 1e9, 1)) GMAC/s, "
          + "\(fixed(shareOfPeak(step.floatWork, step.int8Work, seconds: seconds) * 100, 1)) %")
    }
    return lines
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  // MARK: - JSON

  func json(withOperators: Bool) -> JSONValue {
    let first = bench.firstSeconds.map { kind, seconds in
      ["name": .string(kind), "extra_ms": milliseconds(preparation(kind, seconds))] as JSONValue
    }
    let steps = withOperators ? bench.program.stepTimings.map(json) : []
    return [
      "model": .string(model), "image_size": .init(bench.model.imageSize),
      "kernel_level": .string(bench.program.kernelLevel),
      "arithmetic": .string(arithmetic.rawValue), "threads": .init(bench.program.threadCount),
      "peak_gmacs_per_core": [
        arithmetic == .float32 ? "float32" : "bfloat16": .number(bench.peak.float / 1e9),
        "int8": .number(bench.peak.int8 / 1e9),
      ],
      "runs": .init(bench.runs), "load_ms": milliseconds(bench.loadSeconds * 1000),
      "first_runs": .array(first), "peak_memory_mb": .number(peakMemory),
      "heap_growth_bytes": .init(bench.heapGrowth),
      "totals": .array(bench.totals.map(json)), "graphs": .array(bench.graphs.map(json)),
      "operators": .array(steps),
    ]
  }

  private func json(_ row: BenchRow) -> JSONValue {
    [
      "name": .string(row.name), "p50_ms": milliseconds(row.median),
      "p95_ms": milliseconds(row.percentile(0.95)),
      "samples_ms": .array(row.samples.map(milliseconds)),
      "gmac_float32": .number(row.floatWork / 1e9),
      "gmac_int8": .number(row.int8Work / 1e9), "share_of_peak": .number(shareOfPeak(row)),
      "share_in_products": row.productShare.map { .number($0) } ?? .null,
    ]
  }

  private func json(_ step: StepTiming) -> JSONValue {
    let seconds = step.seconds / Double(max(1, step.calls))
    return [
      "graph": .string(step.graph), "label": .string(step.label), "kind": .string(step.kind),
      "calls": .init(step.calls), "ms": milliseconds(seconds * 1000),
      "share_in_products": .number(productShare(step)),
      "gmac_float32": .number(step.floatWork / 1e9), "gmac_int8": .number(step.int8Work / 1e9),
      "share_of_peak": .number(shareOfPeak(step.floatWork, step.int8Work, seconds: seconds)),
    ]
  }
}
