import Bytes
import SAM2Config
import Tensors

/// Operands of memory attention for B objects with one layout on one frame.
struct AttendedMemory: Sendable {
  /// [B, M, Cm]: memories of each object's frames, one after the other.
  let tokens: Tensor
  /// [1, M, Cm]: their position codes, temporal codes included.
  let positions: Tensor
  /// Object pointers [B, P, C].
  let pointers: Tensor
  /// Codes for the distances of the pointers, [P, Cm].
  let pointerPositions: Tensor
  /// Number of memories of each object.
  let count: Int

  /// Joins the memories of objects that have the same layout.
  init(
    _ objects: [ObjectMemory], stages: Stages, configuration: ModelConfiguration
  ) throws(Failure) {
    let layout = objects[0].layout
    precondition(objects.allSatisfy { $0.layout == layout })
    let channels = configuration.memory.dim
    count = layout.temporalRows.count
    tokens = try AttendedMemory.joined(
      objects.flatMap(\.memories), batch: objects.count, count: count, stages)
    positions = try AttendedMemory.joined(
      layout.temporalRows.map { stages.memoryPositions[$0] }, batch: 1, count: count, stages)

    pointers = Tensor(
      objects.flatMap { $0.pointers.flatMap { $0.floats() } },
      shape: Shape([objects.count, layout.distances.count, configuration.dModel]))
    let times = layout.distances.map { Float($0) / Float(layout.longestDistance) }
    pointerPositions =
      times.isEmpty || !configuration.pointers.addTposEncToObjPtrs
      ? Tensor(dtype: .float32, shape: Shape([times.count, channels])) { _ in }
      : try stages.pointerPositions(times: times)
  }

  /// Float32 [batch, count * h * w, Cm] of f32 or bf16 memories [h * w, Cm], end to end.
  /// - Throws: `track.memory` unless there are batch * count memories of that shape.
  private static func joined(
    _ parts: [Tensor], batch: Int, count: Int, _ stages: Stages
  ) throws(Failure) -> Tensor {
    let memory = Shape(Array(stages.memoryPositions.shape.dimensions.dropFirst()))
    guard parts.count == batch * count, parts.allSatisfy({ $0.shape == memory }) else {
      throw Failure(
        .internalError, code: "track.memory",
        "\(parts.count) memories do not join to \(batch) x \(count) of \(memory)")
    }
    let shape = Shape([batch, count * memory[0], memory[1]])
    return Tensor(dtype: .float32, shape: shape, pool: stages.pool) { out in
      let floats = out.bindMemory(to: Float.self)
      var offset = 0
      for part in parts {
        part.withUnsafeBytes { bytes in
          if part.dtype == .bfloat16 {
            for i in 0..<part.elementCount {
              let bits = bytes.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)
              floats[offset &+ i] = Float(bitPattern: UInt32(bits) << 16)
            }
          } else {
            UnsafeMutableRawBufferPointer(
              rebasing: out[(4 * offset)..<(4 * (offset + part.elementCount))]
            ).copyMemory(from: bytes)
          }
        }
        offset += part.elementCount
      }
    }
  }
}
