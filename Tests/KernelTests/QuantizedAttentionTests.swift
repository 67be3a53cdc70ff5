import CKernels
import Glibc
import TestSupport
import Testing

/// Float sums of a few hundred exact integers, relative to the largest value.
private let attentionTolerance = 3e-6

/// One head of attention with every stride larger than it must be.
private struct Case {
  let queries: Int, keys: Int, head: Int, value: Int
  var scale: Float = 0.3
  var q: [Float], k: [Float], v: [Float]

  var ldq: Int { head + 3 }
  var ldk: Int { head + 1 }
  var ldv: Int { value + 2 }
  var ldo: Int { value + 5 }

  init(
    _ queries: Int, _ keys: Int, _ head: Int, _ value: Int, spread: Float = 1,
    _ random: inout SeededRandom
  ) {
    (self.queries, self.keys, self.head, self.value) = (queries, keys, head, value)
    q = random.floats(queries * (head + 3), in: -spread...spread)
    k = random.floats(keys * (head + 1), in: -spread...spread)
    v = random.floats(keys * (value + 2))
  }

  // MARK: On a level

  /// Calls `body` with a task for queries `first...` whose keys are prepared in two calls.
  func run(
    on level: Level, from first: Int = 0, out: inout [Float],
    _ body: (inout sam2_attention_s8) -> Void
  ) {
    q.withUnsafeBufferPointer { q in
      k.withUnsafeBufferPointer { k in
        v.withUnsafeBufferPointer { v in
          out.withUnsafeMutableBufferPointer { out in
            var task = sam2_attention_s8()
            (task.ldq, task.ldk, task.ldv, task.ldo) = (ldq, ldk, ldv, ldo)
            task.query = q.baseAddress.map { $0 + first * ldq }
            (task.keys, task.values) = (k.baseAddress, v.baseAddress)
            task.out = out.baseAddress.map { $0 + first * ldo }
            (task.queries, task.key_count) = (queries - first, keys)
            (task.head_depth, task.value_depth, task.scale) = (head, value, scale)
            withScratch(level, &task) { body(&$0) }
          }
        }
      }
    }
  }

  private func withScratch(
    _ level: Level, _ task: inout sam2_attention_s8, _ body: (inout sam2_attention_s8) -> Void
  ) {
    func dirty(_ bytes: Int) -> UnsafeMutableRawPointer {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      // The contents that an earlier call left there must not matter.
      memory.initializeMemory(as: UInt8.self, repeating: 0xff, count: bytes)
      return memory
    }
    let prepared = dirty(level.kernels.attention_s8_prepared_bytes(&task))
    let workspace = dirty(level.kernels.attention_s8_workspace_bytes(&task))
    defer {
      prepared.deallocate()
      workspace.deallocate()
    }
    (task.prepared, task.workspace) = (prepared, workspace)
    let tiles = (keys + QuantizedReference.tile - 1) / QuantizedReference.tile
    level.kernels.attention_s8_prepare(&task, tiles / 2, tiles)
    level.kernels.attention_s8_prepare(&task, 0, tiles / 2)
    body(&task)
  }

  func result(on level: Level) -> [Float] {
    var out = [Float](repeating: untouched, count: queries * ldo)
    run(on: level, out: &out) { level.kernels.attention_s8(&$0) }
    return out
  }

  func integers(on level: Level) -> (scores: [Int32], weights: [UInt8]) {
    var scores = [Int32](repeating: .min, count: queries * keys)
    var weights = [UInt8](repeating: 99, count: queries * keys)
    var out: [Float] = [0]
    run(on: level, out: &out) { level.kernels.attention_s8_integers(&$0, &scores, &weights) }
    return (scores, weights)
  }
}

/// The definition in `Formats/operators.md`, step by step.
private struct QuantizedReference {
  static let tile = Int(SAM2_KEY_TILE)

  var scores: [Int32] = []
  var weights: [UInt8] = []
  /// [queries, value].
  var result: [Double] = []

  init(_ c: Case) {
    let factor = c.scale * 1.44269504
    let keys = (0..<c.keys).map { Self.integers(c.k[$0 * c.ldk..<$0 * c.ldk + c.head]) }
    for row in 0..<c.queries {
      let query = Self.integers(c.q[row * c.ldq..<row * c.ldq + c.head].map { $0 * factor })
      append(query, keys, c)
    }
  }

  /// One query: its scores and weights, and the mean of the values.
  private mutating func append(_ query: Row, _ keys: [Row], _ c: Case) {
    let sums = keys.map { key in zip(query.values, key.values).reduce(0) { $0 + $1.0 * $1.1 } }
    scores += sums
    let scaled = zip(sums, keys).map { Float($0) * $1.scale }
    let unit = query.scale * 64
    let maximum = scaled.max() ?? 0
    var (total, means) = (0.0, [Double](repeating: 0, count: c.value))
    for first in stride(from: 0, to: c.keys, by: Self.tile) {
      let range = first..<min(c.keys, first + Self.tile)
      let top = scaled[range].max() ?? 0
      let weights = Self.weights(scaled[range].map { (top - $0) * unit })
      self.weights += weights.map(UInt8.init)
      let share = exp2(Double(top - maximum) * Double(unit) / 64)
      total += share * Double(weights.reduce(0, +))
      for n in 0..<c.value {
        let values = Self.integers(range.map { c.v[$0 * c.ldv + n] }[...])
        let sum = zip(weights, values.values).reduce(0) { $0 + $1.0 * Int($1.1) }
        means[n] += share * Double(values.scale) * Double(sum)
      }
    }
    result += means.map { $0 / total }
  }

  private typealias Row = (scale: Float, values: [Int32])

  private static func integers(_ row: some Sequence<Float>) -> Row {
    let row = Array(row)
    let largest = row.reduce(0) { max($0, abs($1)) }
    let scale = largest > 0 ? largest / 127 : 1
    return (scale, row.map { Int32(($0 * (1 / scale)).rounded(.toNearestOrEven)) })
  }

  private static func weights(_ distances: [Float]) -> [Int] {
    var carry = [128, 128]
    return distances.enumerated().map { key, distance in
      let sum = power(distance) + carry[key & 1]
      carry[key & 1] = sum & 255
      return sum >> 8
    }
  }

  private static func power(_ distance: Float) -> Int {
    let e = 16372 - 32 * Int(min(distance, 1024).rounded(.toNearestOrEven))
    let f = (e & 2047) << 4
    var g = (f * 2526 + 0x4000) >> 15
    g = (f * (g + 7458) + 0x4000) >> 15
    g = (f * (g + 22778) + 0x4000) >> 15
    return (0x8000 + g) >> (7 - (e >> 11))
  }
}

@Suite struct QuantizedAttentionTests {
  /// Checks a case on all levels: integers for equality, results to rounding.
  private func check(_ item: Case, _ note: String = "") {
    let expected = QuantizedReference(item)
    let largest = item.v.reduce(0) { max($0, abs($1)) }
    for level in Level.all {
      let actual = item.integers(on: level)
      #expect(actual.scores == expected.scores, "\(level.name) \(note)")
      #expect(actual.weights == expected.weights, "\(level.name) \(note)")
      let result = item.result(on: level)
      var worst = 0.0
      for (index, value) in result.enumerated() {
        let (row, n) = (index / item.ldo, index % item.ldo)
        guard n < item.value else {
          if value != untouched { worst = .infinity }
          continue
        }
        let error = abs(Double(value) - expected.result[row * item.value + n])
        worst = value.isNaN ? .infinity : max(worst, error)
      }
      #expect(worst <= attentionTolerance * Double(largest), "\(level.name) \(note): \(worst)")
    }
  }

  /// Key counts around quads, words of four, rows of a tile and tiles of keys.
  @Test(arguments: [1, 2, 3, 4, 5, 8, 11, 12, 13, 49, 64, 127, 128, 129, 130, 255, 256, 300])
  func everyKeyCount(keys: Int) {
    var random = SeededRandom(seed: 71)
    check(Case(3, keys, 16, 16, &random))
  }

  /// Query counts around vectors, panels and blocks.
  @Test(arguments: [1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 161])
  func everyQueryCount(queries: Int) {
    var random = SeededRandom(seed: 72)
    check(Case(queries, 40, 8, 24, &random))
  }

  @Test(arguments: [1, 3, 8, 31, 32, 33, 72, 256]) func everyDepth(depth: Int) {
    var random = SeededRandom(seed: 73)
    for value in [1, 7, depth, 64] {
      check(Case(5, 140, depth, value, &random), "values of \(value)")
    }
  }

  /// Maxima that grow from tile to tile by more than sums can bear, and shrink again.
  @Test func sharpSoftmax() {
    var random = SeededRandom(seed: 74)
    check(Case(20, 600, 32, 32, spread: 12, &random))
    var rising = Case(20, 600, 32, 32, &random)
    for index in rising.k.indices { rising.k[index] *= Float(index) / 400 }
    rising.scale = -4
    check(rising, "rising")
  }

  /// The largest products of all: 127 * 127 in every element, on both sides of zero.
  @Test func extremesDoNotSaturate() {
    var random = SeededRandom(seed: 75)
    var item = Case(2, 5, 1000, 8, &random)
    for index in item.q.indices { item.q[index] = 1 }
    for index in item.k.indices { item.k[index] = index / item.ldk % 2 == 0 ? 3 : -3 }
    check(item)
    #expect(QuantizedReference(item).scores.first == Int32(127 * 127 * 1000))
  }

  /// Nothing to scale: uniform weights, values of zero.
  @Test func zeros() {
    var random = SeededRandom(seed: 76)
    var item = Case(2, 70, 16, 8, &random)
    for index in item.q.indices { item.q[index] = 0 }
    check(item, "queries")
    for index in item.k.indices { item.k[index] = 0 }
    for index in item.v.indices { item.v[index] = 0 }
    check(item, "everything")
  }

  /// The kernel returns for any operands, and other queries are not affected.
  @Test(arguments: Level.all) func oddNumbersStayInTheirRows(level: Level) {
    var random = SeededRandom(seed: 77)
    let sound = Case(4, 150, 16, 8, &random)
    var odd = sound
    let numbers: [Float] = [.nan, .infinity, -.infinity, 3e38, .leastNonzeroMagnitude]
    for (index, value) in numbers.enumerated() {
      odd.q[odd.ldq + index] = value
    }
    let (expected, actual) = (sound.result(on: level), odd.result(on: level))
    for row in [0, 2, 3] {
      let range = row * sound.ldo..<(row + 1) * sound.ldo
      #expect(expected[range] == actual[range])
    }
    for index in odd.k.indices where index % 7 == 0 { odd.k[index] = .nan }
    for index in odd.v.indices where index % 11 == 0 { odd.v[index] = .infinity }
    _ = odd.result(on: level)
  }

  /// A query's result does not depend on which queries share its call.
  @Test(arguments: Level.all) func splitsChangeNothing(level: Level) {
    var random = SeededRandom(seed: 78)
    let item = Case(150, 200, 24, 20, spread: 3, &random)
    let whole = item.result(on: level)
    for first in [1, 16, 40, 128, 149] {
      var out = [Float](repeating: untouched, count: whole.count)
      item.run(on: level, from: first, out: &out) { level.kernels.attention_s8(&$0) }
      #expect(out[(first * item.ldo)...] == whole[(first * item.ldo)...], "from \(first)")
    }
  }
}
