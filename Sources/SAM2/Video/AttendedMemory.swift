import Bytes
import SAM2Config
import Tensors

/// Operands of memory attention for one object on one frame.
struct AttendedMemory: Sendable {
  /// [1, M, Cm]: memories of the planned frames, one after the other.
  let tokens: Tensor
  /// [1, M, Cm]: their position codes, temporal codes included.
  let positions: Tensor
  /// Object pointers [1, P, C].
  let pointers: Tensor
  /// Codes of how far away the pointers are, [P, Cm].
  let pointerPositions: Tensor

  /// Gathers what `plan` names from the results of `object`.
  /// - Throws: `track.no_conditioning` when there is no annotated frame to look at.
  init(
    _ plan: MemoryPlan, of object: TrackedObject, stages: Stages, frameCount: Int,
    configuration: ModelConfiguration
  ) throws(Failure) {
    var memories: [Tensor] = []
    var rows: [Tensor] = []
    for entry in plan.memories {
      guard let memory = object.output(entry.source, entry.frame)?.memory else { continue }
      memories.append(memory)
      rows.append(stages.memoryPositions[entry.temporalRow])
    }
    guard !memories.isEmpty else {
      throw Failure(
        .usage, code: "track.no_conditioning", "object \(object.id) has no annotated frame left",
        hint: "add points, a box or a mask before correcting other frames")
    }
    tokens = AttendedMemory.joined(memories, rowLength: memories[0].shape[-1])
    positions = AttendedMemory.joined(rows, rowLength: memories[0].shape[-1])

    var pointers: [Float] = []
    var times: [Float] = []
    // With a single frame the longest distance is 0, and so is each distance.
    let longest = max(MemoryPlan.pointerLimit(frameCount, configuration) - 1, 1)
    for entry in plan.pointers {
      guard let output = object.output(entry.source, entry.frame) else { continue }
      pointers += output.pointer.floats()
      times.append(Float(entry.distance) / Float(longest))
    }
    self.pointers = Tensor(pointers, shape: Shape([1, times.count, configuration.dModel]))
    pointerPositions =
      times.isEmpty || !configuration.addTposEncToObjPtrs
      ? Tensor(dtype: .float32, shape: Shape([times.count, configuration.memoryDim])) { _ in }
      : try stages.pointerPositions(times: times)
  }

  /// Float32 [1, rows, rowLength] of f32 or bf16 parts, end to end.
  private static func joined(_ parts: [Tensor], rowLength: Int) -> Tensor {
    let count = parts.reduce(0) { $0 + $1.elementCount }
    let shape = Shape([1, count / rowLength, rowLength])
    return Tensor(dtype: .float32, shape: shape) { out in
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
