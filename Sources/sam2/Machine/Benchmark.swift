import Bytes
import CLISupport
import JSON
import Media
import Runtime
import SAM2

/// Times a model on random pixels.
struct Benchmark {
  /// Milliseconds of one kind of work, and what it has to multiply.
  struct Row {
    let name: String
    var samples: [Double] = []
    /// Multiply-accumulates per run.
    var floatWork = 0.0
    var int8Work = 0.0

    /// The sample that `share` of all do not exceed.
    func percentile(_ share: Double) -> Double {
      let sorted = samples.sorted()
      guard let last = sorted.last else { return 0 }
      let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
      return sorted.indices.contains(index) ? sorted[index] : last
    }
  }

  private let model: SegmentationModel
  private let program: Program
  private let runs: Int
  /// Multiply-accumulates per second of one core.
  private let peak: (float: Double, int8: Double)
  private var totals: [Row] = []
  private var graphs: [Row] = []

  init(_ model: SegmentationModel, runs: Int) throws(Failure) {
    guard let program = model.program else {
      throw Failure(.internalError, code: "bench.program", "the model has no program")
    }
    (self.model, self.program, self.runs) = (model, program, runs)
    let kernels = try KernelTable(level: program.kernelLevel)
    // The best of several: whatever else runs here can only make a peak look lower.
    let floats = (0..<4).map { _ in kernels.measurePeak(int8: false) }
    let integers = (0..<4).map { _ in kernels.measurePeak(int8: true) }
    peak = (floats.max() ?? 1, integers.max() ?? 1)
  }

  // MARK: - Measuring

  /// Runs everything; `progress` is called with the runs done and the runs in all.
  mutating func measure(_ progress: (Int, Int) -> Void) throws(Failure) {
    // The bank holds the annotated frame and the recent ones.
    let warmup = model.configuration.numMaskmem
    let total = 1 + runs + warmup + runs
    var done = 0
    let side = model.imageSize
    let center = Float(side / 2)
    let click = Prompt.Point(x: center, y: center)

    let images = ImagePredictor(model)
    for run in 0...runs {
      // The first run plans and packs.
      let kind = run == 0 ? nil : "picture, one click"
      try sample(kind) { () throws(Failure) in
        try images.setImage(Benchmark.noise(side: side, seed: run))
        _ = try images.predict(Prompt(points: [click]))
      }
      done += 1
      progress(done, total)
    }

    let frames = FrameList((0..<warmup + runs).map { Benchmark.noise(side: side, seed: $0) })
    let video = try VideoPredictor(model, frames: frames)
    try video.addPoints(frame: 0, object: 1, points: [click])
    var propagation = try video.propagation(keepsHistory: false)
    for frame in 0..<warmup + runs {
      try sample(frame < warmup ? nil : "tracked frame, full bank") { () throws(Failure) in
        _ = try propagation.next()
      }
      done += 1
      progress(done, total)
    }
  }

  /// Times `body` as `kind`, and the graphs that it runs; nil runs it without counting.
  private mutating func sample(
    _ kind: String?, _ body: () throws(Failure) -> Void
  ) throws(Failure) {
    let before = program.timings
    let start = monotonicSeconds()
    try body()
    let elapsed = monotonicSeconds() - start
    guard let kind else { return }
    var all = GraphTiming()
    for (name, now) in program.timings.sorted(by: { $0.key < $1.key }) {
      let then = before[name] ?? GraphTiming()
      guard now.calls > then.calls else { continue }
      let calls = Double(now.calls - then.calls)
      let floatWork = now.floatWork - then.floatWork
      let int8Work = now.int8Work - then.int8Work
      all.floatWork += floatWork
      all.int8Work += int8Work
      Benchmark.add(
        name, seconds: (now.seconds - then.seconds) / calls, floatWork / calls, int8Work / calls,
        to: &graphs)
    }
    Benchmark.add(kind, seconds: elapsed, all.floatWork, all.int8Work, to: &totals)
  }

  private static func add(
    _ name: String, seconds: Double, _ floatWork: Double, _ int8Work: Double, to rows: inout [Row]
  ) {
    if !rows.contains(where: { $0.name == name }) { rows.append(Row(name: name)) }
    guard let index = rows.firstIndex(where: { $0.name == name }) else { return }
    rows[index].samples.append(seconds * 1000)
    // Of calls with different sizes the largest, which is what a full bank takes.
    rows[index].floatWork = max(rows[index].floatWork, floatWork)
    rows[index].int8Work = max(rows[index].int8Work, int8Work)
  }

  /// A picture that compresses to nothing: the same for the same seed.
  private static func noise(side: Int, seed: Int) -> RGBImage {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    let pixels = (0..<3 * side * side).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 32)
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }

  // MARK: - Telling

  /// Share of the peak of all threads: the time that the products need at least, over the median.
  private func shareOfPeak(_ row: Row) -> Double {
    let least =
      (row.floatWork / peak.float + row.int8Work / peak.int8) / Double(program.threadCount)
    let median = row.percentile(0.5) / 1000
    return median > 0 ? least / median : 0
  }

  func text(withStages: Bool) -> String {
    var lines = [
      "\(program.kernelLevel) kernels, \(program.threadCount) threads, \(model.imageSize)x"
        + "\(model.imageSize) input; a core reaches \(fixed(peak.float / 1e9, 1)) GMAC/s float32, "
        + "\(fixed(peak.int8 / 1e9, 1)) GMAC/s int8"
    ]
    for row in totals + (withStages ? graphs : []) {
      let name = row.name + String(repeating: " ", count: max(1, 26 - row.name.count))
      lines.append(
        "\(name)\(fixed(row.percentile(0.5), 2)) ms median, \(fixed(row.percentile(0.95), 2)) ms "
          + "p95, \(fixed((row.floatWork + row.int8Work) / 1e9, 3)) GMAC, "
          + "\(fixed(shareOfPeak(row) * 100, 1)) % of peak")
    }
    return lines.joined(separator: "\n")
  }

  func json(model name: String) -> JSONValue {
    [
      "model": .string(name), "image_size": .init(model.imageSize),
      "kernel_level": .string(program.kernelLevel), "threads": .init(program.threadCount),
      "peak_gmacs_per_core": [
        "float32": .number(peak.float / 1e9), "int8": .number(peak.int8 / 1e9),
      ],
      "runs": .init(runs), "totals": .array(totals.map(json)), "graphs": .array(graphs.map(json)),
    ]
  }

  private func json(_ row: Row) -> JSONValue {
    [
      "name": .string(row.name), "p50_ms": milliseconds(row.percentile(0.5)),
      "p95_ms": milliseconds(row.percentile(0.95)), "gmac_float32": .number(row.floatWork / 1e9),
      "gmac_int8": .number(row.int8Work / 1e9), "share_of_peak": .number(shareOfPeak(row)),
    ]
  }
}
