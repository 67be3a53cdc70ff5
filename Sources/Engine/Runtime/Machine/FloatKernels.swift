internal import CKernels

/// The kernels of a level for products and attention in one arithmetic.
struct FloatKernels {
  typealias Multiply = @convention(c) (UnsafePointer<sam2_gemm_f32>?) -> Void
  typealias Attend = @convention(c) (UnsafePointer<sam2_attention_f32>?) -> Void

  let arithmetic: FloatArithmetic
  let multiply: Multiply?
  let attend: Attend?
  private let functions: UnsafePointer<sam2_kernels>

  init(_ functions: UnsafePointer<sam2_kernels>, _ arithmetic: FloatArithmetic) {
    (self.functions, self.arithmetic) = (functions, arithmetic)
    switch arithmetic {
    case .float32:
      (multiply, attend) = (functions.pointee.gemm_f32, functions.pointee.attention_f32)
    case .bfloat16:
      (multiply, attend) = (functions.pointee.gemm_bf16, functions.pointee.attention_bf16)
    }
  }

  /// Columns of a panel of a packed matrix.
  var panelColumns: Int {
    switch arithmetic {
    case .float32: functions.pointee.panel_columns_f32
    case .bfloat16: functions.pointee.panel_columns_bf16
    }
  }

  func panels(columns: Int) -> Int { (columns + panelColumns - 1) / panelColumns }

  /// Bytes that a packed column takes.
  func bytesPerColumn(depth: Int) -> Int {
    switch arithmetic {
    case .float32: return depth * MemoryLayout<Float>.size
    case .bfloat16:
      let multiple = functions.pointee.depth_multiple_bf16
      return (depth + multiple - 1) / multiple * multiple * MemoryLayout<UInt16>.size
    }
  }

  /// Bytes of a packed matrix, whole panels.
  func byteCount(columns: Int, depth: Int) -> Int {
    panels(columns: columns) * panelColumns * bytesPerColumn(depth: depth)
  }

  /// Packs some panels of a matrix whose columns are `stride` floats apart into the whole at
  /// `packed`.
  func pack(
    _ source: UnsafePointer<Float>, stride: Int, columns: Int, depth: Int, panels: Range<Int>,
    to packed: UnsafeMutableRawPointer
  ) {
    switch arithmetic {
    case .float32:
      functions.pointee.pack_f32(
        source, stride, 1, columns, depth, panels.lowerBound, panels.upperBound,
        packed.assumingMemoryBound(to: Float.self))
    case .bfloat16:
      functions.pointee.pack_bf16(
        source, stride, 1, columns, depth, panels.lowerBound, panels.upperBound,
        packed.assumingMemoryBound(to: UInt16.self))
    }
  }

  func workspaceBytes(keyCount: Int, headDepth: Int, valueDepth: Int) -> Int {
    let size =
      switch arithmetic {
      case .float32: functions.pointee.attention_f32_workspace
      case .bfloat16: functions.pointee.attention_bf16_workspace
      }
    return size?(keyCount, headDepth, valueDepth) ?? 0
  }
}
