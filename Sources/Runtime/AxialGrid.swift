internal import CKernels
internal import Glibc
internal import Graph

/// The places of the tokens of an `axial_attention`, whatever their number.
struct AxialGrid: Hashable {
  let height: Int
  let width: Int
  let theta: Float
  let hasBias: Bool

  init(_ parameters: AxialAttention) {
    (height, width) = (parameters.height, parameters.width)
    (theta, hasBias) = (parameters.theta, parameters.hasBias)
  }

  /// What of a task depends on the grid and the projection alone.
  func task(depth: Int, channels: Int) -> sam2_axial_s8 {
    var task = sam2_axial_s8()
    (task.depth, task.channels, task.value_depth) = (depth, channels, 1)
    (task.height, task.width, task.has_bias) = (height, width, hasBias ? 1 : 0)
    return task
  }
}

/// What an axial attention rounds but its queries, in the order that its grid asks for: another one
/// can use it.
struct RoundedTokens: Equatable {
  let tokens: ValueID
  let values: ValueID
  let height: Int
  let width: Int
  let rotated: Dim

  /// Nil for other operators.
  init?(_ node: Graph.Node) {
    guard case .axialAttention(let p) = node.op else { return nil }
    (tokens, values) = (node.operands[1], node.operands[2])
    (height, width, rotated) = (p.height, p.width, p.rotated)
  }
}

extension WeightPacker {
  /// weight int8 [depth, channels] times scale [depth], and bias [depth] if there is one, turned for
  /// each column of the grid (first half of the depth) and each row (second half).
  func axialProjection(
    _ weight: UnsafeBufferPointer<Int8>, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    depth: Int, channels: Int, _ grid: AxialGrid
  ) -> PackedWeight {
    let places = grid.width + grid.height
    let half = depth / 2
    let rows = AlignedMemory(
      byteCount: places * (channels + (grid.hasBias ? 1 : 0)) * half * MemoryLayout<Float>.size)
    pool.run(places) { place, _ in
      let isRow = place >= grid.width
      let angles = Self.angles(
        at: isRow ? place - grid.width : place, pairs: half / 2, theta: grid.theta)
      let first = isRow ? half : 0
      for channel in 0..<channels {
        Self.turn(angles, to: rows.floats + (place * channels + channel) * half) {
          Double(weight[(first + $0) * channels + channel]) * Double(scale[first + $0])
        }
      }
      if let bias {
        Self.turn(angles, to: rows.floats + (places * channels + place) * half) {
          Double(bias[first + $0])
        }
      }
    }
    var task = grid.task(depth: depth, channels: channels)
    let memory = slab.take(kernels.pointee.axial_s8_projection(&task))
    kernels.pointee.axial_s8_project(&task, rows.floats, memory.base)
    return PackedWeight(layout: .axialRows, columns: channels, depth: depth, memory: memory)
  }

  /// Cosine and sine for each of `pairs` pairs of channels.
  private static func angles(
    at place: Int, pairs: Int, theta: Float
  ) -> [(cosine: Double, sine: Double)] {
    (0..<pairs).map { pair in
      let angle = Double(place) * pow(Double(theta), -Double(pair) / Double(pairs))
      return (cos(angle), sin(angle))
    }
  }

  /// Turns pairs of the numbers that `read` gives.
  private static func turn(
    _ angles: [(cosine: Double, sine: Double)], to out: UnsafeMutablePointer<Float>,
    _ read: (Int) -> Double
  ) {
    for (pair, angle) in angles.enumerated() {
      let (even, odd) = (read(2 * pair), read(2 * pair + 1))
      out[2 * pair] = Float(even * angle.cosine - odd * angle.sine)
      out[2 * pair + 1] = Float(even * angle.sine + odd * angle.cosine)
    }
  }
}
