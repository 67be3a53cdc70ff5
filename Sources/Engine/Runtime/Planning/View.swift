internal import Graph

/// The storage of a value's elements while a plan runs.
enum Place {
  /// Buffer of the plan, by number; `Plan.bufferOffsets` places it in the arena.
  case buffer(Int)
  /// Operand of the caller, by position in `Plan.inputs`.
  case input(Int)
  /// Result for the caller, by position in `Plan.outputs`.
  case output(Int)
  /// A weight or a constant: fixed for the life of the program.
  case fixed(UnsafeRawPointer)
}

/// A value of a bound graph: its place, and how its rows are stored there.
///
/// Rows are runs along the last axis, `rowStride` elements apart, which exceeds the last axis for a
/// slice of channels.
struct View {
  var place: Place
  /// Elements from the place to the first element.
  var offset = 0
  var shape: [Int]
  var rowStride: Int
  /// Whether all items of the first axis are one and the same; only attention takes such a view.
  var isRepeated = false

  init(place: Place, shape: [Int]) {
    self.place = place
    self.shape = shape
    rowStride = shape.last ?? 1
  }

  var elementCount: Int { shape.reduce(1, *) }
  /// Length of a row.
  var columns: Int { shape.last ?? 1 }
  var rows: Int { columns == 0 ? 0 : elementCount / columns }
  var isContiguous: Bool { rowStride == columns }
  /// Elements from one item of [B, N, C] to the next.
  var itemStride: Int { isRepeated ? 0 : shape[1] * rowStride }

  /// The elements of a constant, which are stored side by side for the life of the program; nil when
  /// they are computed.
  var constant: UnsafeMutableRawPointer? {
    guard case .fixed(let base) = place, isContiguous, !isRepeated else { return nil }
    return UnsafeMutableRawPointer(mutating: base + offset * 4)
  }

  func sharesBuffer(with other: View) -> Bool {
    guard case .buffer(let buffer) = place, case .buffer(let another) = other.place else {
      return false
    }
    return buffer == another
  }
}
