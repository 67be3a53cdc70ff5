import Bytes

/// Reads a pickle as data.
///
/// It has no way to import, construct or call anything.
///
/// The machine keeps Python's stack, marks and memo, but what it pushes are nodes of a
/// `PickleGraph`. Every failure names the byte of the opcode.
struct PickleMachine {
  var cursor: ByteCursor
  var graph = PickleGraph()
  /// Whether unknown names make inert nodes instead of failures.
  let ignoresForeignObjects: Bool
  private let start: Int
  private var opcodeOffset: Int
  private var stack: [PickleHandle] = []
  /// Stack heights at the open marks.
  private var marks: [Int] = []
  private var memo: [UInt32: PickleHandle] = [:]
  /// Members of all dictionaries together.
  private var memberCount = 0
  var storageIndexByKey: [String: Int] = [:]

  // A checkpoint of 100,000 tensors needs about 3 million opcodes and 2 million nodes. These bounds
  // and that of the nodes keep a hostile pickle to 256 MB and one second.
  static let maximumByteCount = 64 << 20
  static let maximumOpcodeCount = 10_000_000
  static let maximumMemberCount = 500_000
  static let maximumDictionaryCount = 500_000
  static let maximumStackHeight = 1_000_000
  static let maximumMemoCount = 3_000_000

  /// Reads the one pickle that fills `range` of `storage`.
  ///
  /// With `ignoringForeignObjects`, names that are not on the allow list become inert nodes.
  /// - Throws: codes that start with `pickle.`; `pt.persistent_id`, `pt.storage_conflict`;
  ///   `tensor.` for tensors that cannot be.
  static func read(
    _ storage: ByteStorage, range: Range<Int>, ignoringForeignObjects: Bool = false
  ) throws(Failure) -> PickleGraph {
    guard range.count <= maximumByteCount else {
      throw Failure(
        .badInput, code: "pickle.budget",
        "the pickle has \(range.count) bytes; at most \(maximumByteCount) are accepted")
    }
    let cursor = try ByteCursor(storage, range: range, truncationCode: "pickle.truncated")
    var machine = PickleMachine(cursor, ignoringForeignObjects)
    do {
      try machine.run()
    } catch {
      var located = error
      if located.place == nil || located.cause == .truncated {
        located.place = machine.place
      }
      throw located
    }
    try machine.graph.checkStructure()
    return machine.graph
  }

  private init(_ cursor: ByteCursor, _ ignoresForeignObjects: Bool) {
    self.cursor = cursor
    self.ignoresForeignObjects = ignoresForeignObjects
    start = cursor.offset
    opcodeOffset = cursor.offset
  }

  /// Position of the current opcode.
  var place: String { "data.pkl byte \(opcodeOffset - start)" }

  func failure(_ code: String, _ message: String) -> Failure {
    Failure(.badInput, code: code, message, place: place)
  }

  // MARK: - The loop

  private mutating func run() throws(Failure) {
    try readProtocol()
    var opcodeCount = 0
    while true {
      opcodeOffset = cursor.offset
      guard !cursor.isAtEnd else {
        throw failure("pickle.no_stop", "the pickle ends without its STOP opcode")
      }
      opcodeCount += 1
      guard opcodeCount <= PickleMachine.maximumOpcodeCount else {
        throw failure("pickle.budget", "the pickle has too many opcodes")
      }
      let byte = try cursor.readUInt8()
      guard let opcode = PickleOpcode(rawValue: byte),
        opcode != .newObject || ignoresForeignObjects
      else {
        throw failure(
          "pickle.opcode",
          "the pickle uses opcode \(hexadecimal(byte)), which is not on the allow list; "
            + "nothing was executed")
      }
      if opcode == .stop { break }
      try execute(opcode)
    }
    guard stack.count == 1, marks.isEmpty else {
      throw failure("pickle.stack", "the pickle ends with \(stack.count) values instead of one")
    }
    guard cursor.isAtEnd else {
      throw failure(
        "pickle.trailing", "\(cursor.remainingCount) bytes follow the end of the pickle")
    }
    graph.root = stack[0]
  }

  private mutating func readProtocol() throws(Failure) {
    guard try cursor.readUInt8() == PickleOpcode.proto.rawValue, try cursor.readUInt8() == 2 else {
      var wrong = failure("pickle.proto", "the pickle does not use protocol 2")
      wrong.hint = "save again with torch.save and its default pickle_protocol"
      throw wrong
    }
  }

  private mutating func execute(_ opcode: PickleOpcode) throws(Failure) {
    switch opcode {
    case .proto: throw failure("pickle.proto", "a second PROTO opcode")
    case .stop: break
    case .none: try push(PickleGraph.none)
    case .newTrue: try push(PickleGraph.bool(true))
    case .newFalse: try push(PickleGraph.bool(false))
    case .binInt1: try push(.integer(Int64(try cursor.readUInt8())))
    case .binInt2: try push(.integer(Int64(try cursor.readUInt16())))
    case .binInt: try push(.integer(Int64(Int32(bitPattern: try cursor.readUInt32()))))
    case .long1: try push(.integer(try readLong()))
    case .binFloat: try push(.float(Double(bitPattern: try cursor.readUInt64().byteSwapped)))
    case .binUnicode: try push(.string(try readText(byteCount: Int(try cursor.readUInt32()))))
    case .shortBinString: try push(.string(try readASCII(byteCount: Int(try cursor.readUInt8()))))
    case .global: try push(.global(try readGlobal()))
    case .emptyTuple: try push(.tuple([]))
    case .tuple1: try pushTuple(try pop(1))
    case .tuple2: try pushTuple(try pop(2))
    case .tuple3: try pushTuple(try pop(3))
    case .tuple: try pushTuple(try popToMark())
    case .emptyList:
      graph.lists.append([])
      try push(.list(graph.lists.count - 1))
    case .emptyDictionary: try push(try newDictionary(isOrdered: false))
    case .mark:
      guard marks.count < PickleGraph.maximumDepth else { throw PickleGraph.depthFailure }
      marks.append(stack.count)
    case .append: try append(try pop(1))
    case .appends: try append(try popToMark())
    case .setItem: try setItems(try pop(2))
    case .setItems: try setItems(try popToMark())
    case .binPut: try remember(UInt32(try cursor.readUInt8()))
    case .longBinPut: try remember(try cursor.readUInt32())
    case .binGet: try recall(UInt32(try cursor.readUInt8()))
    case .longBinGet: try recall(try cursor.readUInt32())
    case .binPersistentID: try push(try storageNode(identifier: try pop(1)[0]))
    case .reduce:
      let operands = try pop(2)
      try push(try reduce(operands[0], arguments: operands[1]))
    case .newObject:
      let operands = try pop(2)
      try push(try newObject(operands[0], arguments: operands[1]))
    case .build:
      let state = try pop(1)[0]
      try build(on: try top(), state: state)
    }
  }

  // MARK: - Stack and memo

  private mutating func push(_ node: PickleNode) throws(Failure) { try push(try graph.add(node)) }

  private mutating func push(_ handle: PickleHandle) throws(Failure) {
    guard stack.count < PickleMachine.maximumStackHeight else {
      throw failure("pickle.budget", "the pickle's stack grows beyond all need")
    }
    stack.append(handle)
  }

  private mutating func pushTuple(_ elements: [PickleHandle]) throws(Failure) {
    try push(.tuple(elements))
  }

  /// The last `count` values, which must be above the last mark.
  private mutating func pop(_ count: Int) throws(Failure) -> [PickleHandle] {
    guard stack.count - (marks.last ?? 0) >= count else {
      throw failure("pickle.stack", "the pickle takes more from its stack than it put there")
    }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws(Failure) -> [PickleHandle] {
    guard let height = marks.popLast() else {
      throw failure("pickle.stack", "the pickle uses a mark that it did not set")
    }
    defer { stack.removeLast(stack.count - height) }
    return Array(stack[height...])
  }

  private func top() throws(Failure) -> PickleHandle {
    guard stack.count > (marks.last ?? 0), let handle = stack.last else {
      throw failure("pickle.stack", "the pickle's stack is empty here")
    }
    return handle
  }

  private mutating func remember(_ slot: UInt32) throws(Failure) {
    guard memo.count < PickleMachine.maximumMemoCount else {
      throw failure("pickle.memo", "the pickle's memo grows beyond all need")
    }
    memo[slot] = try top()
  }

  private mutating func recall(_ slot: UInt32) throws(Failure) {
    guard let handle = memo[slot] else {
      throw failure("pickle.memo", "the pickle recalls memo \(slot), which it never stored")
    }
    try push(handle)
  }

  // MARK: - Containers

  mutating func newDictionary(isOrdered: Bool) throws(Failure) -> PickleNode {
    guard graph.dictionaries.count < PickleMachine.maximumDictionaryCount else {
      throw failure("pickle.budget", "the pickle has too many dictionaries")
    }
    graph.dictionaries.append(PickleDictionary(isOrderedDictionary: isOrdered))
    return .dictionary(graph.dictionaries.count - 1)
  }

  private mutating func append(_ elements: [PickleHandle]) throws(Failure) {
    let target = graph[try top()]
    if case .foreign = target { return }
    guard case .list(let index) = target else {
      throw failure("pickle.type", "the pickle appends to \(target.kindName)")
    }
    graph.lists[index] += elements
  }

  private mutating func setItems(_ items: [PickleHandle]) throws(Failure) {
    let target = graph[try top()]
    if case .foreign = target { return }
    guard case .dictionary(let index) = target else {
      throw failure("pickle.type", "the pickle sets items of \(target.kindName)")
    }
    guard items.count % 2 == 0 else {
      throw failure("pickle.setitems", "the pickle sets a key without a value")
    }
    memberCount += items.count / 2
    guard memberCount <= PickleMachine.maximumMemberCount else {
      throw failure("pickle.budget", "the pickle's dictionaries have too many members")
    }
    for i in stride(from: 0, to: items.count, by: 2) {
      let key: PickleKey
      switch graph[items[i]] {
      case .string(let text): key = .string(text)
      case .integer(let number): key = .integer(number)
      case .bool(let value): key = .integer(value ? 1 : 0)
      case .none where ignoresForeignObjects, .float where ignoresForeignObjects,
        .tuple where ignoresForeignObjects, .foreign where ignoresForeignObjects:
        key = .other(items[i])
      case let other:
        throw failure("pickle.key_type", "the pickle uses \(other.kindName) as a key")
      }
      guard graph.dictionaries[index].insert(key, items[i + 1]) else {
        throw failure("pickle.duplicate_key", "the pickle sets a key twice: \(key.text)")
      }
    }
  }
}

extension PickleKey {
  /// The key as shown in messages.
  var text: String {
    switch self {
    case .string(let text): "\"\(printable(text))\""
    case .integer(let number): String(number)
    case .other: "another object"
    }
  }
}
