import CKernels
import TestSupport
import Testing

/// Sums of a few hundred products of rounded numbers, relative to the largest value.
private let axialTolerance = 3e-6

/// Attention to tokens of a grid, with every stride larger than it must be.
private struct AxialCase: CustomTestStringConvertible {
  let queries: Int, depth: Int, channels: Int, value: Int
  let height: Int, width: Int, frames: Int, rest: Int
  let hasBias: Bool

  var tokens: Int { frames * height * width + rest }
  var testDescription: String {
    "\(queries) queries of \(depth), \(frames) frames of \(height)x\(width) and \(rest) tokens"
      + " of \(channels), values of \(value)\(hasBias ? ", bias" : "")"
  }

  static let all = [
    AxialCase(
      queries: 3, depth: 32, channels: 16, value: 5, height: 2, width: 3, frames: 2, rest: 3,
      hasBias: true),
    // Two blocks of frames, one of them of a single frame.
    AxialCase(
      queries: 33, depth: 64, channels: 16, value: 33, height: 5, width: 7, frames: 9, rest: 0,
      hasBias: false),
    // Panels and tiles that are not full, tiles without a cell.
    AxialCase(
      queries: 70, depth: 128, channels: 32, value: 20, height: 4, width: 5, frames: 7, rest: 130,
      hasBias: true),
    AxialCase(
      queries: 17, depth: 32, channels: 48, value: 1, height: 1, width: 1, frames: 0, rest: 1,
      hasBias: true),
  ]

  /// Results on a level, of calls of `part` queries each.
  func results(on level: Level, _ random: SeededRandom, part: Int) -> [Float] {
    var random = random
    let query = random.floats(queries * (depth + 3))
    let token = random.floats(tokens * (channels + 2))
    let values = random.floats(tokens * (value + 1))
    let places = (height + width) * (channels + (hasBias ? 1 : 0))
    let rows = random.floats(places * depth / 2)
    var out = [Float](repeating: .nan, count: queries * (value + 4))
    var task = sam2_axial_s8()
    (task.ldq, task.ldt, task.ldv, task.ldo) = (depth + 3, channels + 2, value + 1, value + 4)
    (task.depth, task.channels, task.value_depth) = (depth, channels, value)
    (task.height, task.width, task.frames, task.rest) = (height, width, frames, rest)
    (task.has_bias, task.scale) = (hasBias ? 1 : 0, 0.4)
    let kernels = level.kernels
    let memory = [
      kernels.axial_s8_projection_bytes(&task), kernels.axial_s8_prepared_bytes(&task),
      kernels.axial_s8_workspace_bytes(&task),
    ].map { bytes in
      let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      // The contents that an earlier call left there must not matter.
      memory.initializeMemory(as: UInt8.self, repeating: 0xa5, count: bytes)
      return memory
    }
    defer { for memory in memory { memory.deallocate() } }
    kernels.axial_s8_project(&task, rows, memory[0])
    (task.projection, task.prepared) = (UnsafeRawPointer(memory[0]), memory[1])
    task.workspace = memory[2]
    query.withUnsafeBufferPointer { query in
      token.withUnsafeBufferPointer { token in
        values.withUnsafeBufferPointer { values in
          out.withUnsafeMutableBufferPointer { out in
            (task.tokens, task.values) = (token.baseAddress, values.baseAddress)
            let tiles = kernels.axial_s8_tiles(&task)
            kernels.axial_s8_prepare(&task, tiles / 2, tiles)
            kernels.axial_s8_prepare(&task, 0, tiles / 2)
            for first in stride(from: 0, to: queries, by: part) {
              task.query = query.baseAddress.map { $0 + first * task.ldq }
              task.out = out.baseAddress.map { $0 + first * task.ldo }
              task.queries = min(part, queries - first)
              kernels.axial_s8(&task)
            }
          }
        }
      }
    }
    return (0..<queries).flatMap { out[($0 * (value + 4))..<($0 * (value + 4) + value)] }
  }
}

@Suite("axial_s8") struct AxialKernelTests {
  @Test("gives the same on every level, to the rounding of its last sums", arguments: AxialCase.all)
  fileprivate func levelsAgree(item: AxialCase) throws {
    let random = SeededRandom(seed: 41)
    let expected = item.results(on: try #require(Level.all.first), random, part: item.queries)
    let largest = expected.reduce(0) { max($0, abs($1)) }
    #expect(largest > 0 && largest.isFinite)
    for level in Level.all.dropFirst() {
      let found = item.results(on: level, random, part: item.queries)
      let error = zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(Double(error) <= axialTolerance * Double(largest), "\(level.name)")
    }
  }

  @Test("gives a query the same whichever queries share its call", arguments: Level.all)
  func callsAgree(level: Level) {
    let random = SeededRandom(seed: 42)
    let item = AxialCase.all[2]
    let whole = item.results(on: level, random, part: item.queries)
    for part in [1, 17, 40] {
      let isSame = item.results(on: level, random, part: part) == whole
      #expect(isSame, "\(part) at a time")
    }
  }
}
