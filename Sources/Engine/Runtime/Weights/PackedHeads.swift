internal import CKernels

/// A projection packed head by head, for products in the direction that one side of an attention
/// needs.
final class PackedHeads {
  /// Which product a head's part of the weight is packed for.
  enum Direction: String {
    /// Weight [heads * D, C]: from D channels of a head back to the C inputs.
    case back
    /// Weight [heads * D, C]: from C inputs to the D channels of a head.
    case forward
    /// Weight [C, heads * D]: from D channels of a head to the C outputs.
    case output
  }

  /// Of one head's product.
  let depth: Int
  let columns: Int
  private let headFloats: Int
  private let memory: AlignedMemory

  /// `weight` has `width` = heads * D rows or columns, and `other` = C of the other kind.
  init(
    _ weight: UnsafePointer<Float>, heads: Int, width: Int, other: Int, direction: Direction,
    kernels: UnsafePointer<sam2_kernels>
  ) {
    let head = width / heads
    (depth, columns) = direction == .forward ? (other, head) : (head, other)
    let panel = kernels.pointee.panel_columns_f32
    let panels = (columns + panel - 1) / panel
    headFloats = aligned(panels * panel * depth, to: 16)
    memory = AlignedMemory(byteCount: heads * headFloats * 4)
    for index in 0..<heads {
      let (start, columnStride, depthStride) =
        switch direction {
        case .back: (index * head * other, 1, other)
        case .forward: (index * head * other, other, 1)
        case .output: (index * head, width, 1)
        }
      kernels.pointee.pack_f32(
        weight + start, columnStride, depthStride, columns, depth, 0, panels,
        memory.floats + index * headFloats)
    }
  }

  func panels(ofHead head: Int) -> UnsafePointer<Float> {
    UnsafePointer(memory.floats + head * headFloats)
  }
}
