import CKernels
import Glibc
import Testing

/// One function table that this CPU can run.
struct Level: @unchecked Sendable, CustomTestStringConvertible {
  /// The table; immutable and alive for the whole process.
  let table: UnsafePointer<sam2_kernels>

  var kernels: sam2_kernels { table.pointee }
  var isa: sam2_isa { table.pointee.isa }
  var name: String { String(cString: table.pointee.name) }
  var testDescription: String { name }

  /// Every level that this CPU can run, lowest first; the others go untested here.
  static let all: [Level] =
    [SAM2_ISA_SCALAR, SAM2_ISA_AVX2, SAM2_ISA_AVX512, SAM2_ISA_AVX512_VNNI]
    .compactMap { isa in sam2_kernels_for(isa).map(Level.init(table:)) }

  /// Rows around every tile height (4, 6 and 14) and columns around every panel (8, 16 and 32).
  static let edgeRows = [1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 29]
  static let edgeColumns = [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65]

  /// Packs B[k, n] = source[n * columnStride + k * depthStride] over all panels.
  func pack(
    _ source: [Float], columns: Int, depth: Int, columnStride: Int, depthStride: Int
  ) -> [Float] {
    let panel = kernels.panel_columns_f32
    let panels = (columns + panel - 1) / panel
    var packed = [Float](repeating: .nan, count: panels * panel * depth)
    kernels.pack_f32(source, columnStride, depthStride, columns, depth, 0, panels, &packed)
    return packed
  }

  /// Packs int8 weights [columns, depth].
  func pack(_ weights: [Int8], columns: Int, depth: Int) -> [Int8] {
    let panel = kernels.panel_columns_s8
    let multiple = kernels.depth_multiple_s8
    let panels = (columns + panel - 1) / panel
    let padded = (depth + multiple - 1) / multiple * multiple
    var packed = [Int8](repeating: 99, count: panels * panel * padded)
    kernels.pack_s8(weights, columns, depth, &packed)
    return packed
  }
}

/// A value that no kernel may write outside its output.
let untouched: Float = -12345.5

/// The activation in double precision, by its definition.
func reference(_ activation: sam2_activation, _ x: Double) -> Double {
  switch activation {
  case SAM2_ACT_RELU: max(0, x)
  case SAM2_ACT_GELU: 0.5 * x * erfc(-x / 2.0.squareRoot())
  case SAM2_ACT_SIGMOID: 1 / (1 + exp(-x))
  default: x
  }
}

let everyActivation = [SAM2_ACT_NONE, SAM2_ACT_RELU, SAM2_ACT_GELU, SAM2_ACT_SIGMOID]
