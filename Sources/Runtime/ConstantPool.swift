internal import Bytes
internal import Graph
internal import Tensors

/// Weights as the kernels want them: float32 in place where the file has it, converted once where it
/// has not, and packed per operator.
final class ConstantPool {
  let weights: WeightTable
  let packer: WeightPacker
  private var converted: [String: AlignedMemory] = [:]
  private var packed: [PackedKey: PackedWeight] = [:]
  private var packedHeads: [PackedHeadsKey: PackedHeads] = [:]
  /// Results of nodes that depend on nothing but weights, by graph and value.
  private var folded: [String: [ValueID: AlignedMemory]] = [:]

  init(weights: WeightTable, packer: WeightPacker) {
    self.weights = weights
    self.packer = packer
  }

  /// Float32 elements of a weight, in place when possible.
  ///
  /// The pointer lives as long as the pool.
  func floats(_ name: String) throws(Failure) -> UnsafePointer<Float> {
    let tensor = try weight(name)
    if let memory = converted[name] { return UnsafePointer(memory.floats) }
    let start = tensor.storage.base + tensor.byteOffset
    if tensor.dtype == .float32, Int(bitPattern: start) % 4 == 0 {
      return start.assumingMemoryBound(to: Float.self)
    }
    let memory = Self.convert(tensor)
    converted[name] = memory
    return UnsafePointer(memory.floats)
  }

  /// Elements of an int32 weight, in place when they are aligned.
  ///
  /// The pointer is valid as long as the pool.
  func integers(_ name: String) throws(Failure) -> UnsafePointer<Int32> {
    let tensor = try weight(name)
    guard tensor.dtype == .int32 else {
      throw Failure(
        .badInput, code: "model.weight", "weight \(name) is \(tensor.dtype.name), not int32")
    }
    if let memory = converted[name] { return UnsafePointer(memory.integers) }
    let start = tensor.storage.base + tensor.byteOffset
    if Int(bitPattern: start) % 4 == 0 { return start.assumingMemoryBound(to: Int32.self) }
    let memory = AlignedMemory(byteCount: tensor.byteCount)
    tensor.withUnsafeBytes {
      if let start = $0.baseAddress { memory.base.copyMemory(from: start, byteCount: $0.count) }
    }
    converted[name] = memory
    return UnsafePointer(memory.integers)
  }

  /// Calls `body` with float32 elements that are needed only once, for packing.
  private func withFloats<Result>(
    _ source: PackedSource, _ body: (UnsafePointer<Float>) -> Result
  ) throws(Failure) -> Result {
    let name = source.name
    let tensor = try weight(name)
    if source.scale == nil, tensor.dtype == .float32 || converted[name] != nil {
      return body(try floats(name))
    }
    let memory = Self.convert(tensor)
    defer { withExtendedLifetime(memory) {} }
    if let scale = source.scale {
      // The shapes were checked with the graph: one scale for each row.
      let factors = try weight(scale).floats()
      let columns = tensor.elementCount / max(1, factors.count)
      for (row, factor) in factors.enumerated() {
        for i in (row * columns)..<((row + 1) * columns) { memory.floats[i] *= factor }
      }
    }
    return body(UnsafePointer(memory.floats))
  }

  private func weight(_ name: String) throws(Failure) -> Tensor {
    guard let tensor = weights[name] else {
      throw Failure(.badInput, code: "model.weight", "weight \(name) is missing")
    }
    return tensor
  }

  private static func convert(_ tensor: Tensor) -> AlignedMemory {
    let memory = AlignedMemory(byteCount: tensor.elementCount * 4)
    tensor.floats().withUnsafeBufferPointer {
      if let start = $0.baseAddress { memory.floats.update(from: start, count: $0.count) }
    }
    return memory
  }

  // MARK: Folded nodes

  func folded(graph: String, _ value: ValueID) -> UnsafeRawPointer? {
    folded[graph]?[value].map { UnsafeRawPointer($0.base) }
  }

  func isFolded(graph: String) -> Bool { folded[graph] != nil }

  func setFolded(graph: String, _ values: [ValueID: AlignedMemory]) { folded[graph] = values }

  // MARK: Packing

  /// The packed form of the weights of `node`, or nil when its operator takes none.
  func packedWeight(for node: Graph.Node, in graph: Graph) throws(Failure) -> PackedWeight? {
    guard let kind = PackedKind(node.op) else { return nil }
    let sources = try node.operands[kind.operands].map { id throws(Failure) in
      guard let source = PackedSource(id, in: graph) else {
        throw Failure(
          .badInput, code: "runtime.weight", "\(node.label): the weight is not in the weight table",
          place: "graph \(graph.name)")
      }
      return source
    }
    let key = PackedKey(kind: kind, sources: sources)
    if let known = packed[key] { return known }
    let new = try pack(kind, sources)
    packed[key] = new
    for source in sources { try release(source.name) }
    return new
  }

  /// The weight of the projection `node` packed by `heads`.
  /// - Throws: `runtime.weight` when it is computed, rather than an entry of the weight table.
  func packedHeads(
    for node: Graph.Node, in graph: Graph, heads: Int, direction: PackedHeads.Direction
  ) throws(Failure) -> PackedHeads {
    guard case .linear = node.op, let source = PackedSource(node.operands[1], in: graph) else {
      throw Failure(
        .badInput, code: "runtime.weight", "\(node.label): the weight is not in the weight table",
        place: "graph \(graph.name)")
    }
    let key = PackedHeadsKey(direction: direction, heads: heads, source: source)
    if let known = packedHeads[key] { return known }
    let shape = try weight(source.name).shape
    let (width, other) = direction == .output ? (shape[1], shape[0]) : (shape[0], shape[1])
    let new = try withFloats(source) {
      PackedHeads(
        $0, heads: heads, width: width, other: other, direction: direction,
        kernels: packer.kernels)
    }
    packedHeads[key] = new
    try release(source.name)
    return new
  }

  /// Lets go of a mapped weight's memory: its packed form is read from now on.
  ///
  /// Small ones share their pages with others.
  private func release(_ name: String) throws(Failure) {
    let tensor = try weight(name)
    guard tensor.byteCount >= Self.releasedBytes else { return }
    tensor.storage.releasePages(in: tensor.byteOffset..<(tensor.byteOffset + tensor.byteCount))
  }

  private static let releasedBytes = 65_536

  private func pack(_ kind: PackedKind, _ names: [PackedSource]) throws(Failure) -> PackedWeight {
    let shape = try weight(names[0].name).shape
    switch kind {
    case .linear:
      return try withFloats(names[0]) {
        packer.linear($0, columns: shape[0], depth: shape[1])
      }
    case .quantizedLinear:
      let tensor = try weight(names[0].name)
      let scale = try floats(names[1].name)
      return tensor.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else {
          return PackedWeight(
            layout: .quantizedPanels, columns: 0, depth: 0, memory: AlignedMemory(byteCount: 0))
        }
        return packer.quantized(
          start.assumingMemoryBound(to: Int8.self), scale: scale, columns: shape[0],
          depth: shape[1])
      }
    case .convolution:
      return try withFloats(names[0]) {
        packer.convolution($0, outputs: shape[0], channels: shape[1], kernel: shape[2])
      }
    case .depthwise:
      return try withFloats(names[0]) {
        packer.depthwise($0, channels: shape[0], kernel: shape[2])
      }
    case .transposedConvolution:
      let bias = try floats(names[1].name)
      return try withFloats(names[0]) {
        packer.transposedConvolution(
          $0, bias: bias, channels: shape[0], outputs: shape[1], stride: shape[2])
      }
    case .axialProjection(let grid):
      let tensor = try weight(names[0].name)
      let scale = try floats(names[1].name)
      let bias = grid.hasBias ? try floats(names[2].name) : nil
      return tensor.withUnsafeBytes { bytes in
        packer.axialProjection(
          bytes.bindMemory(to: Int8.self), scale: scale, bias: bias, depth: shape[0],
          channels: shape[1], grid)
      }
    }
  }
}

/// Identifies a packed weight: two operators share one only if they pack the same weights alike.
private struct PackedKey: Hashable {
  let kind: PackedKind
  let sources: [PackedSource]
}

/// Identifies a projection packed head by head.
private struct PackedHeadsKey: Hashable {
  let direction: PackedHeads.Direction
  let heads: Int
  let source: PackedSource
}

/// Origin of an operand that is packed: a weight, or an int8 weight times its scale.
struct PackedSource: Hashable {
  let name: String
  var scale: String?

  /// Nil when the operand is neither.
  init?(_ operand: ValueID, in graph: Graph) {
    func weightName(_ id: ValueID) -> String? {
      if case .weight(let name) = graph[id].definition { name } else { nil }
    }
    if let name = weightName(operand) {
      self.name = name
      return
    }
    guard case .node(let index) = graph[operand].definition,
      graph.nodes[index].op == .dequantize, let name = weightName(graph.nodes[index].operands[0]),
      let scale = weightName(graph.nodes[index].operands[1])
    else { return nil }
    self.name = name
    self.scale = scale
  }
}

/// How an operator's weights are packed, and which operands are in the packed form.
enum PackedKind: Hashable {
  case linear
  case quantizedLinear
  case convolution
  case depthwise
  case transposedConvolution
  case axialProjection(AxialGrid)

  init?(_ op: Op) {
    switch op {
    case .linear: self = .linear
    case .quantizedLinear: self = .quantizedLinear
    case .conv2d(let p): self = p.groups == 1 ? .convolution : .depthwise
    case .convTranspose2d: self = .transposedConvolution
    case .axialAttention(let p): self = .axialProjection(AxialGrid(p))
    default: return nil
    }
  }

  /// Operands replaced by the packed form.
  var operands: Range<Int> {
    switch self {
    case .linear, .convolution, .depthwise: 1..<2
    case .quantizedLinear, .transposedConvolution: 1..<3
    case .axialProjection(let grid): 3..<(grid.hasBias ? 6 : 5)
    }
  }
}
