import CKernels
import Glibc
import Testing

/// One function table that this CPU can run.
struct Level: @unchecked Sendable, CustomTestStringConvertible {
  /// The table; immutable and alive for the whole process.
  let table: UnsafePointer<sam2_kernels>

  var kernels: sam2_kernels { table.pointee }
  var name: String { String(cString: table.pointee.name) }
  var testDescription: String { name }

  /// Every level that runs here, the portable one first, then the emulated ones; the others go
  /// untested.
  static let all: [Level] = {
    var (count, emulatedCount) = (0, 0)
    let levels = UnsafeBufferPointer(start: sam2_levels(&count), count: count)
    let emulated = UnsafeBufferPointer(
      start: sam2_emulated_levels(&emulatedCount), count: emulatedCount)
    return (Array(levels) + emulated).compactMap { $0.kernels.map(Level.init(table:)) }
  }()

  /// Rows around every tile height of a level that runs here, and columns around every panel.
  static let edgeRows = edges([1, 2, 3]) { [$0.tile_rows_f32, $0.tile_rows_bf16, $0.tile_rows_s8] }
  static let edgeColumns = edges([1]) { [$0.panel_columns_f32, $0.panel_columns_s8] }

  private static func edges(_ first: [Int], _ sizes: (sam2_kernels) -> [Int]) -> [Int] {
    let all = Set(Level.all.flatMap { sizes($0.kernels) })
    let largest = all.max() ?? 1
    return Set(first + all.flatMap { $0 - 1...$0 + 1 } + [2 * largest + 1]).sorted()
  }

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
  case SAM2_ACT_QUICK_GELU: x / (1 + exp(-1.702 * x))
  case SAM2_ACT_ELU: x > 0 ? x : expm1(x)
  default: x
  }
}

let everyActivation = [
  SAM2_ACT_NONE, SAM2_ACT_RELU, SAM2_ACT_GELU, SAM2_ACT_SIGMOID, SAM2_ACT_QUICK_GELU, SAM2_ACT_ELU,
]
