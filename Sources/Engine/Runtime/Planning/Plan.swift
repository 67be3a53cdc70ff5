internal import Graph

/// A bound graph ready to run: steps in order over one arena.
///
/// Immutable except for its clock; any number of executors may run it at the same time.
struct Plan {
  struct Input {
    let name: String
    let shape: [Int]
    let element: ElementType
  }

  struct Output {
    let name: String
    let view: View
  }

  /// A tapped value and the number of steps after which it is complete.
  struct Observation {
    let steps: Int
    let value: ValueID
    let view: View
  }

  let graph: String
  let steps: [Step]
  let inputs: [Input]
  let outputs: [Output]
  /// Offsets of the buffers in the arena, in bytes.
  let bufferOffsets: [Int]
  let arenaByteCount: Int
  /// In ascending order of `steps`.
  let observations: [Observation]
  /// Records step timings; nil unless requested.
  let clock: StepClock?
  /// Multiply-accumulates of one run.
  let work: Work

  /// Whether operands of these shapes, in the order of the inputs, are those of this plan.
  func accepts(_ shapes: [[Int]]) -> Bool {
    zip(inputs, shapes).allSatisfy { $0.shape == $1 }
  }
}
