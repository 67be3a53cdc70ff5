internal import Bytes
internal import Graph
internal import Tensors

/// Operands of one graph, computed from a formula and so the same on every machine.
///
/// Numbers are uniform in -1..<1, from a hash of their position. Sizes chosen by calls are small,
/// but large enough for every kind of prompt and a whole frame of memory.
struct GoldenInputs {
  let tensors: [String: Tensor]

  /// Number of prompts, which cover all kinds, and number of pointers.
  private static let (pointCount, pointerCount) = (8, 4)
  /// Inputs that switch between two embeddings; set between yes and no, so that both count.
  private static let switches = ["present", "absent"]

  init(_ graph: Graph, of model: Model) {
    let memory = Self.memoryTokens(model)
    var tensors: [String: Tensor] = [:]
    for (number, (name, value)) in graph.inputs.enumerated() {
      let type = graph[value].type
      let shape = type.shape.enumerated().map { axis, dim in
        dim.fixed ?? Self.size(of: name, axis: axis, memory: memory)
      }
      let count = shape.reduce(1, *)
      tensors[name] =
        type.element == .int32
        ? Tensor((0..<count).map { Int32($0 % Self.pointCount) }, shape: Shape(shape))
        : Tensor(
          Self.switches.contains(name)
            ? [Float](repeating: 0.5, count: count) : Self.floats(count, stream: number),
          shape: Shape(shape))
    }
    self.tensors = tensors
  }

  /// The graph, bound to the sizes of these inputs.
  func bound(_ graph: Graph) throws(Failure) -> Graph {
    try graph.bound(to: graph.bindings(inputShapes: tensors.mapValues(\.shape.dimensions)))
  }

  private static func size(of input: String, axis: Int, memory: Int) -> Int {
    switch (input, axis) {
    case ("points", 1), ("label_indices", 1), ("sparse", 1): pointCount
    case ("memory", 1), ("memory_position", 1): memory
    case ("pointers", 1), ("pointer_positions", 0), ("times", 0): pointerCount
    default: 1
    }
  }

  /// Tokens in the memory of one frame.
  private static func memoryTokens(_ model: Model) -> Int {
    guard let graph = model.graph("encode_memory"),
      let output = graph.outputs.first(where: { $0.name == "memory" }),
      let tokens = graph[output.value].type.shape.dropFirst().first?.fixed
    else { return 1 }
    return tokens
  }

  private static func floats(_ count: Int, stream: Int) -> [Float] {
    (0..<count).map { Float(hash($0, stream) >> 40) * 0x1p-23 - 1 }
  }

  /// The output function of SplitMix64 for number `index` of a stream.
  static func hash(_ index: Int, _ stream: Int) -> UInt64 {
    var z = UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15
    z &+= UInt64(truncatingIfNeeded: stream + 1) &* 0xC2B2_AE3D_27D4_EB4F
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
