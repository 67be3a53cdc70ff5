internal import CKernels
internal import Glibc
internal import Graph

extension WeightPacker {
  /// Weight int8 [depth, channels] times scale [depth], and bias [depth] if there is one, rotated for
  /// each column of the grid (first half of the depth) and each row (second half).
  func axialProjection(
    _ weight: UnsafePointer<Int8>, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    depth: Int, channels: Int, _ grid: AxialGrid
  ) -> PackedAxialProjection {
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
        Self.rotate(angles, to: rows.floats + (place * channels + channel) * half) {
          Double(weight[(first + $0) * channels + channel]) * Double(scale[first + $0])
        }
      }
      if let bias {
        Self.rotate(angles, to: rows.floats + (places * channels + place) * half) {
          Double(bias[first + $0])
        }
      }
    }
    var task = grid.task(depth: depth, channels: channels)
    let memory = slab.take(kernels.pointee.axial_s8_projection_bytes(&task))
    kernels.pointee.axial_s8_project(&task, rows.floats, memory.base)
    return PackedAxialProjection(depth: depth, channels: channels, memory: memory)
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

  /// Rotates pairs of the numbers that `read` gives.
  private static func rotate(
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
