import Bytes
import Graph

/// Reads the graph section.
///
/// Accepts exactly what `GraphEncoder` writes: writing the decoded graphs again gives the same
/// bytes. Checks what the bytes mean on their own, and bounds every number. Whether the graphs make
/// sense is for `Graph.verify` to check.
struct GraphDecoder {
  private(set) var cursor: ByteCursor
  private var pool: [String] = []
  private var isUsed: [Bool] = []
  private let newerHint: String?

  /// - Throws: `model.graph`, `model.name`; the place is the byte offset in the file.
  static func decode(
    _ section: ByteCursor, newerHint: String? = nil
  ) throws(Failure) -> [Graph] {
    var decoder = GraphDecoder(cursor: section, newerHint: newerHint)
    return try decoder.decode()
  }

  private init(cursor: ByteCursor, newerHint: String?) {
    self.cursor = cursor
    self.newerHint = newerHint
  }

  private mutating func decode() throws(Failure) -> [Graph] {
    let stringCount = try readCount(atLeast: 1, "strings")
    let graphCount = Int(try cursor.readUInt32())
    try require(graphCount <= ModelFile.Limit.graphs, "\(graphCount) graphs are too many")
    try readPool(stringCount)
    var graphs: [Graph] = []
    for _ in 0..<graphCount { graphs.append(try readGraph()) }
    try require(cursor.isAtEnd, "bytes follow the last graph")
    if let unused = isUsed.firstIndex(of: false) {
      throw fail("string \(unused) is not used")
    }
    return graphs
  }

  // MARK: - Strings

  private mutating func readPool(_ count: Int) throws(Failure) {
    var previous: [UInt8]?
    for _ in 0..<count {
      let bytes = try cursor.readBytes(Int(try cursor.readUInt8()))
      if let previous {
        try require(previous.lexicographicallyPrecedes(bytes), "the strings are not in order")
      }
      guard let string = String(validating: bytes, as: UTF8.self), isAcceptableName(string) else {
        throw Failure(
          .badInput, code: "model.name", "a string is not UTF-8 or holds control characters",
          place: "graphs, \(cursor.place)")
      }
      pool.append(string)
      previous = bytes
    }
    isUsed = Array(repeating: false, count: count)
  }

  private mutating func readString() throws(Failure) -> String {
    let position = Int(try cursor.readUInt32())
    try require(position < pool.count, "string \(position) of \(pool.count)")
    isUsed[position] = true
    return pool[position]
  }

  // MARK: - Graphs

  private mutating func readGraph() throws(Failure) -> Graph {
    var graph = Graph(name: try readString())
    let valueCount = try readCount(atLeast: 7, "values", limit: Graph.Limit.values)
    let nodeCount = try readCount(atLeast: 12, "nodes", limit: Graph.Limit.nodes)
    let outputCount = try readCount(atLeast: 8, "outputs", limit: Graph.Limit.values)
    try require(!graph.name.isEmpty, "a graph has no name")
    graph.values.reserveCapacity(valueCount)
    graph.nodes.reserveCapacity(nodeCount)
    for _ in 0..<valueCount { graph.values.append(try readValue()) }
    for _ in 0..<nodeCount { graph.nodes.append(try readNode()) }
    for _ in 0..<outputCount {
      graph.outputs.append(.init(name: try readString(), value: try readValueID()))
    }
    return graph
  }

  private mutating func readValue() throws(Failure) -> Graph.Value {
    let element: ElementType = try readCase("element type")
    let definition: Graph.Definition
    switch try readCase("definition") as DefinitionCode {
    case .input: definition = .input(try readString())
    case .weight: definition = .weight(try readString())
    case .node: definition = .node(Int(try cursor.readUInt32()))
    }
    return .init(type: TensorType(element, try readShape()), definition: definition)
  }

  private mutating func readNode() throws(Failure) -> Graph.Node {
    let code = try cursor.readUInt16()
    guard let opCode = OpCode(rawValue: code) else {
      throw fail("there is no operator \(code)", hint: newerHint)
    }
    let operandCount = Int(try cursor.readUInt16())
    try require(operandCount <= ModelFile.Limit.operands, "\(operandCount) operands are too many")
    let result = try readValueID()
    let label = try readString()
    var operands: [ValueID] = []
    for _ in 0..<operandCount { operands.append(try readValueID()) }
    return .init(op: try readOp(opCode), operands: operands, result: result, label: label)
  }

  private mutating func readValueID() throws(Failure) -> ValueID {
    ValueID(Int(try cursor.readUInt32()))
  }

  // MARK: - Shapes

  mutating func readShape() throws(Failure) -> [Dim] {
    let rank = Int(try cursor.readUInt8())
    try require(rank <= ModelFile.Limit.rank, "rank \(rank) is more than \(ModelFile.Limit.rank)")
    var shape: [Dim] = []
    var magnitude = 1
    for _ in 0..<rank {
      let dim = try readDim()
      try require((dim.fixed ?? 0) >= 0, "a size is \(dim)")
      shape.append(dim)
      magnitude = checkedProduct(magnitude, max(1, dim.magnitude)) ?? Int.max
    }
    try require(magnitude <= ModelFile.Limit.elementCount, "the shape \(shape) is too large")
    return shape
  }

  mutating func readDim() throws(Failure) -> Dim {
    let constant = try readSize()
    let termCount = Int(try cursor.readUInt8())
    try require(termCount <= ModelFile.Limit.terms, "a size has \(termCount) terms")
    var terms: [Dim.Term] = []
    for _ in 0..<termCount {
      let symbol = Symbol(try readString())
      try require(!symbol.name.isEmpty, "a symbol has no name")
      terms.append(.init(symbol: symbol, coefficient: try readSize()))
    }
    let dim = Dim(constant: constant, terms: terms)
    try require(dim.terms == terms, "the terms of a size are not in order, or zero")
    return dim
  }

  private mutating func readSize() throws(Failure) -> Int {
    let value = try cursor.read(Int64.self)
    try require(value.magnitude <= UInt64(ModelFile.Limit.size), "a size of \(value)")
    return Int(value)
  }

  // MARK: - Scalars

  /// A count of records that take at least `byteCount` bytes each, so that a false count cannot
  /// cause a large allocation.
  private mutating func readCount(
    atLeast byteCount: Int, _ what: String, limit: Int = .max
  ) throws(Failure) -> Int {
    let count = Int(try cursor.readUInt32())
    try require(
      count <= min(limit, cursor.remainingCount / byteCount), "\(count) \(what) cannot be")
    return count
  }

  mutating func readCase<T: RawRepresentable>(
    _ what: String
  ) throws(Failure) -> T where T.RawValue == UInt8 {
    let code = try cursor.readUInt8()
    guard let value = T(rawValue: code) else {
      throw fail("\(code) is not a known \(what)", hint: newerHint)
    }
    return value
  }

  mutating func readFlag() throws(Failure) -> Bool {
    let code = try cursor.readUInt8()
    try require(code <= 1, "\(code) is neither yes nor no")
    return code == 1
  }

  /// An integer in a payload, from `minimum` to `Limit.payload`.
  mutating func readInteger(atLeast minimum: Int = 1) throws(Failure) -> Int {
    let value = Int(try cursor.readUInt32())
    try require((minimum...ModelFile.Limit.payload).contains(value), "a parameter of \(value)")
    return value
  }

  /// A float in a payload; infinity only if `isInfinityMeaningful`, never NaN.
  mutating func readFloat(isInfinityMeaningful: Bool = false) throws(Failure) -> Float {
    let value = Float(bitPattern: try cursor.readUInt32())
    try require(
      value.isFinite || value.isInfinite && isInfinityMeaningful, "a parameter of \(value)")
    return value
  }

  mutating func readAxis() throws(Failure) -> Int {
    let axis = Int(try cursor.readUInt8())
    try require(axis < ModelFile.Limit.rank, "axis \(axis)")
    return axis
  }

  mutating func readAxes() throws(Failure) -> [Int] {
    let count = Int(try cursor.readUInt8())
    try require(count <= ModelFile.Limit.rank, "\(count) axes")
    var axes: [Int] = []
    for _ in 0..<count { axes.append(try readAxis()) }
    return axes
  }

  // MARK: - Failures

  private func require(
    _ condition: Bool, _ message: @autoclosure () -> String
  ) throws(Failure) {
    if !condition { throw fail(message()) }
  }

  private func fail(_ message: String, hint: String? = nil) -> Failure {
    Failure(
      .badInput, code: "model.graph", message, place: "graphs, before \(cursor.place)", hint: hint)
  }
}

extension Dim {
  /// Bounds every size obtained from this one by dividing it or setting symbols to 1.
  fileprivate var magnitude: Int {
    terms.reduce(abs(constant)) { $0 + abs($1.coefficient) }
  }
}
