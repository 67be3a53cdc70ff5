import Bytes
import CLinux
import Media
import Runtime
import SAM2

/// Times a model on random pixels.
struct Benchmark {
  enum Kind: String, CaseIterable {
    case encode
    case click
    case track
  }

  /// Multiply-accumulates per second of one core.
  typealias Peak = (float: Double, int8: Double)

  let model: SegmentationModel
  let program: Program
  let runs: Int
  private let kinds: [Kind]
  private let objects: Int
  private let kernels: KernelTable
  /// Whether the program times its steps, and thus the products in them.
  let clocksProducts: Bool

  /// The best seen between the measurements: anything else running here can only lower it.
  private(set) var peak: Peak = (1, 1)
  private(set) var totals: [BenchRow] = []
  private(set) var graphs: [BenchRow] = []
  /// Seconds from file to model; set by the code that loads it.
  var loadSeconds = 0.0
  /// Seconds by which the first run of each kind exceeds the median: planning and packing.
  private(set) var firstSeconds: [(kind: String, seconds: Double)] = []
  /// Growth of the heap over all measured runs, excluding their results.
  private(set) var heapGrowth = 0

  init(
    _ model: SegmentationModel, runs: Int, kinds: [Kind], objects: Int,
    clocksProducts: Bool
  ) throws(Failure) {
    guard let program = model.program else {
      throw Failure(.internalError, code: "bench.program", "the model has no program")
    }
    (self.model, self.program, self.runs) = (model, program, runs)
    (self.kinds, self.objects, self.clocksProducts) = (kinds, objects, clocksProducts)
    kernels = try KernelTable(level: program.kernelLevel)
  }

  // MARK: - Measuring

  /// Frames before the measured ones: the bank of pointers is the last to fill up.
  private var warmup: Int {
    max(
      model.configuration.memory.bank.numMaskmem, model.configuration.pointers.maxObjPtrsInEncoder)
  }

  /// Runs everything; `progress` is called with the number of runs done and the total.
  mutating func measure(_ progress: (Int, Int) -> Void) throws(Failure) {
    var total = 0
    for kind in kinds { total += kind == .track ? warmup + runs : 1 + runs }
    var done = 0
    func step() {
      done += 1
      progress(done, total)
    }
    measurePeak()
    if kinds.contains(.encode) { try measureEncoding(step) }
    if kinds.contains(.click) { try measureClicks(step) }
    if kinds.contains(.track) { try measureTracking(step) }
  }

  private var center: Prompt.Point {
    Prompt.Point(x: Float(model.imageSize / 2), y: Float(model.imageSize / 2))
  }

  private mutating func measureEncoding(_ step: () -> Void) throws(Failure) {
    let images = ImagePredictor(model)
    let picture = Benchmark.noise(side: model.imageSize, seed: 0)
    for run in 0...runs {
      try sample("encode a picture", isFirst: run == 0) { () throws(Failure) in
        try images.setImage(picture)
      }
      step()
    }
  }

  private mutating func measureClicks(_ step: () -> Void) throws(Failure) {
    let images = ImagePredictor(model)
    try images.setImage(Benchmark.noise(side: model.imageSize, seed: 0))
    let click = Prompt(points: [center])
    for run in 0...runs {
      try sample("click on an encoded picture", isFirst: run == 0) { () throws(Failure) in
        _ = try images.predict(click).masks()
      }
      step()
    }
  }

  private mutating func measureTracking(_ step: () -> Void) throws(Failure) {
    let side = model.imageSize
    let frames = FrameList((0..<warmup + runs).map { Benchmark.noise(side: side, seed: $0) })
    let video = try VideoPredictor(model, frames: frames)
    for object in 1...objects {
      let x = Float(side * object / (objects + 1))
      try video.addPoints(
        frame: 0, object: object, points: [Prompt.Point(x: x, y: center.y)])
    }
    var propagation = try video.propagation(keepsHistory: false)
    let plural = objects == 1 ? "" : "s"
    for frame in 0..<warmup + runs {
      let name = "tracked frame, full bank, \(objects) object\(plural)"
      try sample(frame < warmup ? nil : name) { () throws(Failure) in
        _ = try propagation.next()
      }
      step()
    }
  }

  private mutating func measurePeak() {
    peak.float = max(peak.float, kernels.measurePeak(.float(program.arithmetic), seconds: 0.02))
    peak.int8 = max(peak.int8, kernels.measurePeak(.int8, seconds: 0.02))
  }

  /// Times `body` as `kind`, together with the graphs it runs; a nil kind runs it without counting.
  private mutating func sample(
    _ kind: String?, isFirst: Bool = false, _ body: () throws(Failure) -> Void
  ) throws(Failure) {
    measurePeak()
    let before = program.timings
    let heap = sam2_heap_bytes()
    let (start, products) = (monotonicSeconds(), Program.productSeconds)
    try body()
    let elapsed = monotonicSeconds() - start
    let inside = Program.productSeconds - products
    guard let kind else { return }
    if isFirst {
      firstSeconds.append((kind, elapsed))
      return
    }
    heapGrowth += Int(sam2_heap_bytes()) - Int(heap)
    var all = GraphTiming()
    for (name, now) in program.timings.sorted(by: { $0.key < $1.key }) {
      let then = before[name] ?? GraphTiming()
      guard now.calls > then.calls else { continue }
      let calls = Double(now.calls - then.calls)
      let floatWork = now.floatWork - then.floatWork
      let int8Work = now.int8Work - then.int8Work
      all.floatWork += floatWork
      all.int8Work += int8Work
      graphs.add(
        name, seconds: (now.seconds - then.seconds) / calls, floatWork / calls, int8Work / calls)
    }
    totals.add(kind, seconds: elapsed, all.floatWork, all.int8Work)
    if clocksProducts {
      totals.addProducts(kind, share: inside / elapsed / Double(program.threadCount))
    }
  }

  /// A picture that does not compress; it is always the same for the same seed.
  static func noise(side: Int, seed: Int) -> RGBImage {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1
    let pixels = (0..<3 * side * side).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 32)
    }
    return RGBImage(width: side, height: side, pixels: pixels)
  }
}
