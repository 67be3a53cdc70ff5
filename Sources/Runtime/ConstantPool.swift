internal import Bytes
internal import Graph
internal import Tensors

/// Weights as the kernels want them: float32 in place where the file has it, converted once where it
/// has not, and packed per operator.
final class ConstantPool {
  let weights: WeightTable
  let packer: WeightPacker
  private var converted: [String: AlignedMemory] = [:]
  private var packed: [String: PackedWeight] = [:]
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

  /// Calls `body` with float32 elements that are needed only once, for packing.
  private func withFloats<Result>(
    _ name: String, _ body: (UnsafePointer<Float>) -> Result
  ) throws(Failure) -> Result {
    let tensor = try weight(name)
    if tensor.dtype == .float32 || converted[name] != nil { return body(try floats(name)) }
    let memory = Self.convert(tensor)
    defer { withExtendedLifetime(memory) {} }
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
    let names = try node.operands[kind.operands].map { id throws(Failure) in
      guard case .weight(let name) = graph[id].definition else {
        throw Failure(
          .badInput, code: "runtime.weight", "\(node.label): the weight is not in the weight table",
          place: "graph \(graph.name)")
      }
      return name
    }
    let key = "\(kind) \(names.joined(separator: " "))"
    if let known = packed[key] { return known }
    let new = try pack(kind, names)
    packed[key] = new
    return new
  }

  private func pack(_ kind: PackedKind, _ names: [String]) throws(Failure) -> PackedWeight {
    let shape = try weight(names[0]).shape
    switch kind {
    case .linear:
      return try withFloats(names[0]) {
        packer.linear($0, columns: shape[0], depth: shape[1])
      }
    case .quantizedLinear:
      let tensor = try weight(names[0])
      let scale = try floats(names[1])
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
      let bias = try floats(names[1])
      return try withFloats(names[0]) {
        packer.transposedConvolution(
          $0, bias: bias, channels: shape[0], outputs: shape[1], stride: shape[2])
      }
    }
  }
}

/// How an operator's weights are packed, and which operands are in the packed form.
enum PackedKind {
  case linear
  case quantizedLinear
  case convolution
  case depthwise
  case transposedConvolution

  init?(_ op: Op) {
    switch op {
    case .linear: self = .linear
    case .quantizedLinear: self = .quantizedLinear
    case .conv2d(let p): self = p.groups == 1 ? .convolution : .depthwise
    case .convTranspose2d: self = .transposedConvolution
    default: return nil
    }
  }

  /// Operands replaced by the packed form.
  var operands: Range<Int> {
    switch self {
    case .linear, .convolution, .depthwise: 1..<2
    case .quantizedLinear, .transposedConvolution: 1..<3
    }
  }
}
