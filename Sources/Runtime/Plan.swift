internal import Graph

/// Where a value's elements are while a plan runs.
enum Place {
  /// Byte offset in the arena.
  case arena(Int)
  /// Operand of the caller, by position in `Plan.inputs`.
  case input(Int)
  /// What the caller gets, by position in `Plan.outputs`: written where it is to stay.
  case output(Int)
  /// A weight or a constant: fixed for the life of the program.
  case fixed(UnsafeRawPointer)
}

/// A value of a bound graph: its place, and how its rows lie there.
///
/// Rows are runs along the last axis; they lie `rowStride` elements apart, which exceeds the last
/// axis for a slice of channels.
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
}

/// One operator of a plan: operands and result placed, weights packed.
struct Step {
  var op: Op
  /// As in the graph, without the operands that are in `packed`.
  var operands: [View]
  var result: View
  var packed: PackedWeight?
  /// Row operators that run as this one step; `op` is then the last of them.
  var chain: RowChain?
  /// A convolution that adds its last operand to the result.
  var hasResidual = false
  /// Image operators that run as this one step; `op` is then the last of them.
  var imageChain: ImageChain?
  /// Attention between tokens and cells with what surrounds it; `op` is then the attention.
  var tokenAttention: TokenAttention?
  /// Attention within windows, with what is around it; `op` is then the last operator.
  var windowChain: WindowChain?
  /// Int8 attention that makes its keys as it needs them; `operands[0]` is what it makes them of.
  var keyChain: KeyChain?
  /// Axial attention to the tokens and values that the last one rounded.
  var reusesTokens = false
  var geometry = StepGeometry.none
  /// The operand that the result may be written over: each element is read before, and by the task
  /// that writes there.
  var overwritten: Int?
  var label: String
}

/// A bound graph ready to run: steps in order over one arena.
struct Plan {
  var steps: [Step]
  var inputs: [(name: String, shape: [Int], element: ElementType)]
  var outputs: [(name: String, view: View)]
  var arenaByteCount: Int
  /// Tapped values, each with the number of steps after which it is complete; ascending.
  var observations: [(steps: Int, value: ValueID, view: View)] = []
  /// Times the steps, if someone wants to know.
  var clock: StepClock?
}
