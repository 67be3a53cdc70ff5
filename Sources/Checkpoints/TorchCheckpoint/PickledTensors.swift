import Bytes

/// The tensors in what a checkpoint pickles, named by the keys that lead to them.
///
/// `{"model": {"w": tensor}, "steps": [tensor]}` holds `model.w` and `steps.0`. Which of them are
/// weights is decided elsewhere.
struct PickledTensors {
  private(set) var names: [String] = []
  private(set) var tensorIndexByName: [String: Int] = [:]
  private(set) var notes: [String] = []

  static let maximumTensorCount = 100_000
  static let maximumNameByteCount = 512

  /// A value that was reached, and the keys that led to it.
  ///
  /// Strings are those of the container and of the key until the value is visited: half a million
  /// values share the long name of what holds them.
  private struct Visit {
    let handle: PickleHandle
    /// Nil where it is longer than a name may be.
    let container: String?
    let key: String

    var path: String? {
      guard let container,
        container.utf8.count + key.utf8.count < PickledTensors.maximumNameByteCount
      else { return nil }
      return container.isEmpty ? key : "\(container).\(key)"
    }
  }

  /// - Throws: `pt.layout`, `pt.name`, `pt.name_collision`, `model.too_many_tensors`.
  init(_ graph: PickleGraph) throws(Failure) {
    let root = try PickledTensors.members(of: graph.root, in: graph)
    var visited: Set<PickleHandle> = [graph.root]
    var others: [String] = []
    for member in root {
      let count = names.count
      try add(member, from: graph, &visited)
      if names.count == count { others.append(member.key) }
    }
    guard !names.isEmpty else {
      throw PickledTensors.layoutFailure("the checkpoint holds no tensors")
    }
    if !others.isEmpty {
      let shown = others.prefix(8).map { "\"\(printable($0))\"" }.joined(separator: ", ")
      let more = others.count > 8 ? " and \(others.count - 8) more" : ""
      notes.append("left out, since they hold no tensors: \(shown)\(more)")
    }
  }

  /// The members of what the whole pickle is: a dictionary, or a list of them.
  private static func members(
    of root: PickleHandle, in graph: PickleGraph
  ) throws(Failure) -> [Visit] {
    let isList: Bool
    switch graph[root] {
    case .dictionary: isList = false
    case .list, .tuple:
      isList = graph.children(of: root).contains { graph.dictionary($0) != nil }
    default: isList = false
    }
    guard isList || graph.dictionary(root) != nil else {
      throw layoutFailure(
        "the checkpoint pickles \(graph[root].kindName) instead of a dictionary")
    }
    return children(of: root, at: "", graph)
  }

  /// Adds the tensors at `start` and below, in the order of the pickle.
  ///
  /// A value that can be reached in two ways is found in the first, so that sharing a value a
  /// thousand times costs nothing.
  private mutating func add(
    _ start: Visit, from graph: PickleGraph, _ visited: inout Set<PickleHandle>
  ) throws(Failure) {
    var pending = [start]
    while let visit = pending.popLast() {
      if case .tensor(let index) = graph[visit.handle] {
        try add(index, at: visit.path)
        continue
      }
      let children = PickledTensors.children(of: visit.handle, at: visit.path, graph)
      guard !children.isEmpty, visited.insert(visit.handle).inserted else { continue }
      pending += children.reversed()
    }
  }

  private mutating func add(_ index: Int, at path: String?) throws(Failure) {
    guard let path, !path.isEmpty, path.utf8.last != UInt8(ascii: "."),
      printable(path, limit: path.utf8.count) == path
    else {
      throw Failure(
        .badInput, code: "pt.name",
        "the tensor name \(printable(path ?? "")) is empty, too long or unprintable")
    }
    guard names.count < PickledTensors.maximumTensorCount else {
      throw Failure(
        .badInput, code: "model.too_many_tensors",
        "the checkpoint holds more than \(PickledTensors.maximumTensorCount) tensors")
    }
    guard tensorIndexByName.updateValue(index, forKey: path) == nil else {
      throw Failure(
        .badInput, code: "pt.name_collision",
        "the keys of two tensors make one name, \(printable(path))")
    }
    names.append(path)
  }

  private static func children(
    of handle: PickleHandle, at path: String?, _ graph: PickleGraph
  ) -> [Visit] {
    switch graph[handle] {
    case .dictionary(let index):
      let dictionary = graph.dictionaries[index]
      return zip(dictionary.keys, dictionary.values).map { key, value in
        switch key {
        case .string(let text): Visit(handle: value, container: path, key: text)
        case .integer(let number): Visit(handle: value, container: path, key: String(number))
        // A key that is another program's object cannot lead to weights.
        case .other: Visit(handle: PickleGraph.none, container: path, key: "another object")
        }
      }
    case .list, .tuple:
      return graph.children(of: handle).enumerated().map { index, value in
        Visit(handle: value, container: path, key: String(index))
      }
    case .none, .bool, .integer, .float, .string, .global, .storage, .tensor, .foreign: return []
    }
  }

  private static func layoutFailure(_ message: String) -> Failure {
    Failure(
      .badInput, code: "pt.layout", message,
      hint: "in Python: torch.save({\"model\": model.state_dict()}, \"out.pt\")")
  }
}
