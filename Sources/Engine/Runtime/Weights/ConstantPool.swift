internal import Bytes
internal import CKernels
internal import Graph
internal import Tensors

/// Weights as the kernels want them: float32 in place where the file has it, converted once where it
/// has not, and packed per operator; and results that depend on weights alone.
///
/// Shared by all callers of a program. Only planning changes it, one plan at a time; pointers and
/// packed weights that it gave out stay valid as long as the pool.
final class ConstantPool {
  let weights: WeightTable
  let kernels: UnsafePointer<sam2_kernels>
  private let products: FloatKernels
  private let slab = MemorySlab()
  private var converted: [String: AlignedMemory] = [:]
  private var packed: [PackedKey: PackedWeight] = [:]
  private var packedHeads: [PackedHeadsKey: PackedHeads] = [:]
  /// Results of nodes that depend on nothing but weights, by graph and value.
  private var folded: [String: [ValueID: AlignedMemory]] = [:]

  init(
    weights: WeightTable, kernels: UnsafePointer<sam2_kernels>, arithmetic: FloatArithmetic
  ) {
    (self.weights, self.kernels) = (weights, kernels)
    products = FloatKernels(kernels, arithmetic)
  }

  /// Width of the float kernels' vectors.
  var lanes: Int { kernels.pointee.panel_columns_f32 / 2 }

  // MARK: Elements

  /// The elements of a weight as a graph reads them: int32 as it is, everything else as float32.
  func elements(
    _ name: String, _ element: ElementType
  ) throws(Failure) -> UnsafeRawPointer {
    switch element {
    // Int8 weights that are computed with in float hold integers as floats.
    case .float, .int8: UnsafeRawPointer(try floats(name))
    case .int32: UnsafeRawPointer(try integers(name))
    }
  }

  /// Float32 elements of a weight, in place when possible.
  private func floats(_ name: String) throws(Failure) -> UnsafePointer<Float> {
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
  private func integers(_ name: String) throws(Failure) -> UnsafePointer<Int32> {
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
      // The shapes were checked with the graph: one scale per row.
      let factors = try weight(scale).floats()
      let columns = tensor.elementCount / max(1, factors.count)
      for (row, factor) in factors.enumerated() {
        for i in (row * columns)..<((row + 1) * columns) { memory.floats[i] *= factor }
      }
    }
    return body(UnsafePointer(memory.floats))
  }

  /// Calls `body` with the elements of an int8 weight.
  private func withInt8<Result>(
    _ name: String, _ body: (UnsafePointer<Int8>) -> Result
  ) throws(Failure) -> Result {
    let tensor = try weight(name)
    guard tensor.dtype == .int8, tensor.elementCount > 0 else {
      throw Failure(
        .badInput, code: "model.weight",
        "weight \(name) is \(tensor.dtype.name)\(tensor.shape), not a matrix of int8")
    }
    return body((tensor.storage.base + tensor.byteOffset).assumingMemoryBound(to: Int8.self))
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

  func setFolded(graph: String, _ values: [ValueID: AlignedMemory]) { folded[graph] = values }

  // MARK: Packing

  /// The packed form of the weights of `node`, packed as `kind`.
  /// - Throws: `runtime.weight` when one is computed, rather than an entry of the weight table.
  func packedWeight(
    _ kind: PackedKind, of node: Graph.Node, in graph: Graph, pool: ThreadPool
  ) throws(Failure) -> PackedWeight {
    var sources: [PackedSource] = []
    for operand in node.operands[kind.operands] {
      sources.append(try source(operand, of: node, in: graph))
    }
    let key = PackedKey(kind: kind, sources: sources)
    if let known = packed[key] { return known }
    let new = try pack(kind, sources, pool)
    packed[key] = new
    for source in sources { try release(source.name) }
    return new
  }

  /// The weight of the projection `node` packed by `heads`.
  /// - Throws: `runtime.weight` as `packedWeight` does.
  func packedHeads(
    for node: Graph.Node, in graph: Graph, heads: Int, direction: PackedHeads.Direction
  ) throws(Failure) -> PackedHeads {
    let source = try source(node.operands[1], of: node, in: graph)
    let key = PackedHeadsKey(direction: direction, heads: heads, source: source)
    if let known = packedHeads[key] { return known }
    let shape = try weight(source.name).shape
    let (width, other) = direction == .output ? (shape[1], shape[0]) : (shape[0], shape[1])
    let new = try withFloats(source) {
      PackedHeads(
        $0, heads: heads, width: width, other: other, direction: direction, kernels: kernels)
    }
    packedHeads[key] = new
    try release(source.name)
    return new
  }

  private func source(
    _ operand: ValueID, of node: Graph.Node, in graph: Graph
  ) throws(Failure) -> PackedSource {
    guard let source = PackedSource(operand, in: graph) else {
      throw Failure(
        .badInput, code: "runtime.weight", "\(node.label): the weight is not in the weight table",
        place: "graph \(graph.name)")
    }
    return source
  }

  /// Releases the pages of a mapped weight once it is packed; small ones share theirs with others.
  private func release(_ name: String) throws(Failure) {
    let tensor = try weight(name)
    guard tensor.byteCount >= Self.releasedBytes else { return }
    tensor.storage.releasePages(in: tensor.byteOffset..<(tensor.byteOffset + tensor.byteCount))
  }

  private static let releasedBytes = 65_536

  private func pack(
    _ kind: PackedKind, _ sources: [PackedSource], _ pool: ThreadPool
  ) throws(Failure) -> PackedWeight {
    let packer = WeightPacker(kernels: kernels, floats: products, pool: pool, slab: slab)
    let shape = try weight(sources[0].name).shape
    switch kind {
    case .linear:
      return .matrix(
        try withFloats(sources[0]) { packer.linear($0, columns: shape[0], depth: shape[1]) })
    case .quantizedLinear:
      let scale = try floats(sources[1].name)
      return .int8(
        try withInt8(sources[0].name) {
          packer.int8($0, scale: scale, columns: shape[0], depth: shape[1])
        })
    case .convolution:
      return .matrix(
        try withFloats(sources[0]) {
          packer.convolution($0, outputs: shape[0], channels: shape[1], kernel: shape[2])
        })
    case .depthwise:
      return .taps(
        try withFloats(sources[0]) {
          packer.depthwise($0, channels: shape[0], kernel: shape[2])
        })
    case .transposedConvolution(let stride):
      let bias = try floats(sources[1].name)
      return .cells(
        try withFloats(sources[0]) {
          packer.transposedConvolution(
            $0, bias: bias, channels: shape[0], outputs: shape[1], stride: stride)
        })
    case .axialProjection(let grid):
      let scale = try floats(sources[1].name)
      let bias = grid.hasBias ? try floats(sources[2].name) : nil
      return .axial(
        try withInt8(sources[0].name) {
          packer.axialProjection(
            $0, scale: scale, bias: bias, depth: shape[0], channels: shape[1], grid)
        })
    }
  }
}
