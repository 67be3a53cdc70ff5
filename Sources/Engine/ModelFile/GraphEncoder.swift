package import Bytes
package import Graph

/// Encodes graphs as the bytes of the graph section.
///
/// Numbers that the format cannot hold are clamped here; `ModelFileWriter` decodes the result and
/// compares it, so that each limit is defined only once, in the decoder.
package struct GraphEncoder {
  private var body = ByteEncoder()
  /// Positions in the pool, keyed by UTF-8 bytes: Swift treats different bytes as equal strings
  /// where Unicode does.
  private let positions: [[UInt8]: UInt32]

  /// The bytes of the section; the graphs need not make sense.
  /// - Throws: `model.name` if a name is too long or contains control characters.
  package static func encode(_ graphs: [Graph]) throws(Failure) -> [UInt8] {
    let names = strings(of: graphs)
    for name in names where !isAcceptableName(name) {
      throw Failure(
        .badInput, code: "model.name", "\"\(printable(name))\" is not allowed in a model file",
        hint: "names have at most \(ModelFile.Limit.nameByteCount) bytes and no control characters")
    }
    let pool = Set(names.map { Array($0.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
    var encoder = GraphEncoder(pool)
    for graph in graphs { encoder.append(graph) }
    var file = ByteEncoder()
    file.append(UInt32(clamping: pool.count))
    file.append(UInt32(clamping: graphs.count))
    for string in pool {
      file.append(UInt8(clamping: string.count))
      file.append(string)
    }
    file.append(encoder.body.bytes)
    return file.bytes
  }

  private init(_ pool: [[UInt8]]) {
    positions = Dictionary(
      uniqueKeysWithValues: pool.enumerated().map { ($1, UInt32(clamping: $0)) })
  }

  // MARK: - Strings

  private static func strings(of graphs: [Graph]) -> [String] {
    var found: [String] = []
    func add(_ shape: [Dim]) {
      for dim in shape { found += dim.terms.map(\.symbol.name) }
    }
    for graph in graphs {
      found.append(graph.name)
      for value in graph.values {
        add(value.type.shape)
        switch value.definition {
        case .input(let name), .weight(let name): found.append(name)
        case .node: break
        }
      }
      for node in graph.nodes {
        found.append(node.label)
        add(node.op.payloadDims)
      }
      found += graph.outputs.map(\.name)
    }
    return found
  }

  private mutating func append(string: String) {
    body.append(positions[Array(string.utf8)] ?? UInt32.max)
  }

  // MARK: - Graphs

  private mutating func append(_ graph: Graph) {
    append(string: graph.name)
    append(count: graph.values.count)
    append(count: graph.nodes.count)
    append(count: graph.outputs.count)
    for value in graph.values { append(value) }
    for node in graph.nodes { append(node) }
    for output in graph.outputs {
      append(string: output.name)
      append(count: output.value.index)
    }
  }

  private mutating func append(_ value: Graph.Value) {
    body.append(value.type.element.rawValue)
    switch value.definition {
    case .input(let name):
      body.append(DefinitionCode.input.rawValue)
      append(string: name)
    case .weight(let name):
      body.append(DefinitionCode.weight.rawValue)
      append(string: name)
    case .node(let index):
      body.append(DefinitionCode.node.rawValue)
      append(count: index)
    }
    append(value.type.shape)
  }

  private mutating func append(_ node: Graph.Node) {
    body.append(OpCode(node.op).rawValue)
    body.append(UInt16(clamping: node.operands.count))
    append(count: node.result.index)
    append(string: node.label)
    for operand in node.operands { append(count: operand.index) }
    append(payload: node.op)
  }

  private mutating func append(count: Int) { body.append(UInt32(clamping: count)) }

  private mutating func append(_ shape: [Dim]) {
    body.append(UInt8(clamping: shape.count))
    for dim in shape { append(dim) }
  }

  private mutating func append(_ dim: Dim) {
    body.append(Int64(dim.constant))
    body.append(UInt8(clamping: dim.terms.count))
    for term in dim.terms {
      append(string: term.symbol.name)
      body.append(Int64(term.coefficient))
    }
  }
}

// MARK: - Payloads

extension GraphEncoder {
  private mutating func append(payload op: Op) {
    switch op {
    case .linear(let p), .quantizedLinear(let p):
      append(p.hasBias)
      body.append(p.activation.rawValue)
      append(p.hasResidual)
    case .conv2d(let p):
      append(p.kernel, p.stride, p.padding, p.groups)
      append(p.hasBias)
    case .convTranspose2d(let size), .maxPool(let size), .averagePool(let size),
      .windowPartition(let size):
      append(size)
    case .attention(let heads, let scale), .quantizedAttention(let heads, let scale):
      append(heads)
      body.append(scale)
    case .layerNorm(let epsilon), .batchNorm(let epsilon): body.append(epsilon)
    case .activation(let kind): body.append(kind.rawValue)
    case .affine(let scale, let offset):
      body.append(scale)
      body.append(offset)
    case .axialAttention(let p):
      body.append(p.scale)
      append(p.height, p.width)
      body.append(p.theta)
      append(p.rotated)
      append(p.hasBias)
    case .rotatePairs(let rotated): append(rotated)
    case .resize(let p):
      body.append(p.mode.rawValue)
      append(p.height, p.width)
    case .windowMerge(let window, let height, let width): append(window, height, width)
    case .reshape(let shape), .broadcast(let shape): append(shape)
    case .transpose(let axes):
      body.append(UInt8(clamping: axes.count))
      for axis in axes { body.append(UInt8(clamping: axis)) }
    case .concat(let axis): body.append(UInt8(clamping: axis))
    case .slice(let axis, let start, let count):
      body.append(UInt8(clamping: axis))
      append(start)
      append(count)
    case .sineFeatures(let channels, let temperature):
      append(channels)
      body.append(temperature)
    case .pixelGrid(let height, let width): append(height, width)
    case .sineGrid(let height, let width, let channels, let temperature):
      append(height, width, channels)
      body.append(temperature)
    case .rotaryTable(let p):
      append(p.height, p.width, p.pairs)
      body.append(p.theta)
      body.append(p.part.rawValue)
    case .fill(let value, let shape):
      body.append(value)
      append(shape)
    case .matmulTransposed, .add, .multiply, .dequantize, .gather, .fourierFeatures: break
    }
  }

  private mutating func append(_ flag: Bool) { body.append(UInt8(flag ? 1 : 0)) }

  private mutating func append(_ integers: Int...) {
    for integer in integers { append(count: integer) }
  }
}

extension Op {
  /// Symbolic sizes in the payload.
  fileprivate var payloadDims: [Dim] {
    switch self {
    case .axialAttention(let p): [p.rotated]
    case .rotatePairs(let rotated): [rotated]
    case .reshape(let shape), .broadcast(let shape), .fill(_, let shape): shape
    case .slice(_, let start, let count): [start, count]
    case .linear, .quantizedLinear, .matmulTransposed, .conv2d, .convTranspose2d, .attention,
      .quantizedAttention, .layerNorm, .batchNorm, .activation, .add, .multiply, .affine, .maxPool,
      .averagePool, .resize, .windowPartition, .windowMerge, .transpose, .concat, .gather,
      .fourierFeatures, .sineFeatures, .pixelGrid,
      .sineGrid, .rotaryTable, .dequantize:
      []
    }
  }
}

/// The code in the file for a value's origin.
enum DefinitionCode: UInt8, CaseIterable {
  case input = 0
  case weight = 1
  case node = 2
}
