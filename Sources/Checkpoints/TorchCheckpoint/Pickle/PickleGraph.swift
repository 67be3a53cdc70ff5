import Bytes

/// The contents of a pickle, as inert nodes that refer to each other by handle.
///
/// Handles instead of nested values: shared parts stay shared (a "billion laughs" memo costs
/// nothing) and nothing recurses, neither when reading nor when the graph is released.
struct PickleGraph: Sendable {
  private(set) var nodes: [PickleNode] = [.none, .bool(false), .bool(true)]
  var lists: [[PickleHandle]] = []
  var dictionaries: [PickleDictionary] = []
  var storages: [TorchStorageRecord] = []
  var tensors: [TorchTensorRecord] = []
  var root = PickleGraph.none
  /// Names of what foreign nodes would have been, each once, in the order of the pickle.
  private(set) var foreignNames: [String] = []
  private var seenForeignNames: Set<String> = []

  static let none = PickleHandle(index: 0)
  static let maximumNodeCount = 2_500_000
  static let maximumDepth = 1000
  private static let maximumForeignNameCount = 1000

  static func bool(_ value: Bool) -> PickleHandle { PickleHandle(index: value ? 2 : 1) }

  subscript(handle: PickleHandle) -> PickleNode { nodes[Int(handle.index)] }

  /// Adds a node.
  /// - Throws: `pickle.budget` when there are too many.
  mutating func add(_ node: PickleNode) throws(Failure) -> PickleHandle {
    guard nodes.count < PickleGraph.maximumNodeCount else {
      throw Failure(
        .badInput, code: "pickle.budget",
        "the pickle holds more than \(PickleGraph.maximumNodeCount) values")
    }
    nodes.append(node)
    return PickleHandle(index: Int32(nodes.count - 1))
  }

  /// Records that the pickle refers to `name`; a few names are enough for the message.
  mutating func noteForeign(_ name: String) {
    guard foreignNames.count < PickleGraph.maximumForeignNameCount,
      seenForeignNames.insert(name).inserted
    else { return }
    foreignNames.append(name)
  }

  /// The dictionary at `handle`; nil when it is something else.
  func dictionary(_ handle: PickleHandle) -> PickleDictionary? {
    if case .dictionary(let index) = self[handle] { dictionaries[index] } else { nil }
  }

  func children(of handle: PickleHandle) -> [PickleHandle] {
    switch self[handle] {
    case .none, .bool, .integer, .float, .string, .global, .storage, .tensor, .foreign: []
    case .tuple(let elements): elements
    case .list(let index): lists[index]
    case .dictionary(let index): dictionaries[index].values
    }
  }

  /// Checks what is reachable from the root, without recursion.
  /// - Throws: `pickle.cycle` when something contains itself; `pickle.depth` when values are nested
  ///   deeper than `maximumDepth`.
  func checkStructure() throws(Failure) {
    // Height of a node once its children are done; -1 while they are not; 0 unvisited.
    var heights = [Int32](repeating: 0, count: nodes.count)
    var path: [(handle: PickleHandle, children: [PickleHandle], next: Int, height: Int32)] = []
    func enter(_ handle: PickleHandle) {
      heights[Int(handle.index)] = -1
      path.append((handle, children(of: handle), 0, 1))
    }
    enter(root)
    while let top = path.last {
      if path.count > PickleGraph.maximumDepth { throw PickleGraph.depthFailure }
      guard top.next < top.children.count else {
        path.removeLast()
        heights[Int(top.handle.index)] = top.height
        if !path.isEmpty {
          path[path.count - 1].height = max(path[path.count - 1].height, top.height + 1)
        }
        if top.height > PickleGraph.maximumDepth { throw PickleGraph.depthFailure }
        continue
      }
      path[path.count - 1].next += 1
      let child = top.children[top.next]
      let height = heights[Int(child.index)]
      if height < 0 {
        throw Failure(.badInput, code: "pickle.cycle", "a value of the pickle contains itself")
      }
      if height == 0 {
        enter(child)
      } else {
        path[path.count - 1].height = max(path[path.count - 1].height, height + 1)
      }
    }
  }

  static var depthFailure: Failure {
    Failure(
      .badInput, code: "pickle.depth",
      "the pickle nests values deeper than \(maximumDepth) levels")
  }
}

/// Index of a node in a `PickleGraph`.
struct PickleHandle: Hashable, Sendable {
  let index: Int32
}

/// A value of a pickle.
///
/// Containers that can still grow live in arrays of the graph.
enum PickleNode: Sendable {
  case none
  case bool(Bool)
  case integer(Int64)
  case float(Double)
  case string(String)
  case tuple([PickleHandle])
  case list(Int)
  case dictionary(Int)
  case global(PickleGlobal)
  case storage(Int)
  case tensor(Int)
  /// An object of another program, of which nothing is kept.
  case foreign

  /// The kind of node, for messages.
  var kindName: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .integer: "an int"
    case .float: "a float"
    case .string: "a string"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .global: "a function or class"
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .foreign: "an object of another program"
    }
  }
}

/// A dictionary in insertion order.
struct PickleDictionary: Sendable {
  let isOrderedDictionary: Bool
  private(set) var keys: [PickleKey] = []
  private(set) var values: [PickleHandle] = []
  private var seen: Set<PickleKey> = []

  init(isOrderedDictionary: Bool) { self.isOrderedDictionary = isOrderedDictionary }

  subscript(key: String) -> PickleHandle? {
    keys.firstIndex(of: .string(key)).map { values[$0] }
  }

  /// Adds a member; false when the key is there already.
  mutating func insert(_ key: PickleKey, _ value: PickleHandle) -> Bool {
    guard seen.insert(key).inserted else { return false }
    keys.append(key)
    values.append(value)
    return true
  }
}

/// A key of a dictionary of a checkpoint.
enum PickleKey: Hashable, Sendable {
  case string(String)
  case integer(Int64)
  /// Something else, beside the weights of a checkpoint whose foreign objects are dropped.
  case other(PickleHandle)
}
