/// Weights in the layouts of the kernels in use, packed once, when the first plan needs them.
///
/// Closed: an operator takes the one layout that its kernel reads.
enum PackedWeight {
  case matrix(PackedMatrix)
  case int8(PackedInt8Matrix)
  case cells(PackedCells)
  case taps(PackedTaps)
  case axial(PackedAxialProjection)
}

/// A float matrix [columns, depth] in panels, in the arithmetic of the program.
final class PackedMatrix {
  let columns: Int
  let depth: Int
  private let memory: AlignedMemory
  private let bytesPerColumn: Int

  init(columns: Int, depth: Int, bytesPerColumn: Int, memory: AlignedMemory) {
    (self.columns, self.depth, self.bytesPerColumn) = (columns, depth, bytesPerColumn)
    self.memory = memory
  }

  var panels: UnsafeRawPointer { UnsafeRawPointer(memory.base) }

  /// The panels from a column on, which is the first of one.
  func panels(from column: Int) -> UnsafeRawPointer { panels + column * bytesPerColumn }
}

/// An int8 matrix [columns, depth] in panels for `gemm_u8s8`, with the scale and the sum of each
/// column.
final class PackedInt8Matrix {
  let columns: Int
  let depth: Int
  private let memory: AlignedMemory
  private let columnScale: AlignedMemory
  private let columnSum: AlignedMemory

  init(
    columns: Int, depth: Int, memory: AlignedMemory, columnScale: AlignedMemory,
    columnSum: AlignedMemory
  ) {
    (self.columns, self.depth, self.memory) = (columns, depth, memory)
    (self.columnScale, self.columnSum) = (columnScale, columnSum)
  }

  var panels: UnsafePointer<Int8> {
    UnsafeRawPointer(memory.base).assumingMemoryBound(to: Int8.self)
  }
  var scales: UnsafePointer<Float> { UnsafePointer(columnScale.floats) }
  var sums: UnsafePointer<Int32> { UnsafePointer(columnSum.integers) }
}

/// The weight of a transposed convolution as a matrix with one column per (dy, dx, output), and its
/// bias repeated to match.
final class PackedCells {
  let matrix: PackedMatrix
  let stride: Int
  private let memory: AlignedMemory

  init(matrix: PackedMatrix, stride: Int, bias: AlignedMemory) {
    (self.matrix, self.stride, memory) = (matrix, stride, bias)
  }

  /// [columns].
  var bias: UnsafePointer<Float> { UnsafePointer(memory.floats) }
  var columns: Int { matrix.columns }
  var depth: Int { matrix.depth }
  /// Channels of the result.
  var outputs: Int { matrix.columns / (stride * stride) }
}

/// The weight of a depthwise convolution, [kernel * kernel, channels].
final class PackedTaps {
  let channels: Int
  let area: Int
  private let memory: AlignedMemory

  init(channels: Int, area: Int, memory: AlignedMemory) {
    (self.channels, self.area, self.memory) = (channels, area, memory)
  }

  var floats: UnsafePointer<Float> { UnsafePointer(memory.floats) }
}

/// The key projection of an axial attention, rotated for each column and row of a grid: rows for
/// `axial_s8`.
final class PackedAxialProjection {
  let depth: Int
  let channels: Int
  private let memory: AlignedMemory

  init(depth: Int, channels: Int, memory: AlignedMemory) {
    (self.depth, self.channels, self.memory) = (depth, channels, memory)
  }

  var base: UnsafeRawPointer { UnsafeRawPointer(memory.base) }
}
