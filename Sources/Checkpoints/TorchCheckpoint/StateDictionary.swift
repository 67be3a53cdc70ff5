import Bytes

/// The weights of a checkpoint, found in what it pickles: names and tensors in order.
struct StateDictionary {
  private(set) var names: [String] = []
  private(set) var tensorIndexByName: [String: Int] = [:]
  private(set) var notes: [String] = []

  static let maximumTensorCount = 100_000
  static let maximumNameByteCount = 512
  private static let wrappers = ["model", "state_dict"]
  /// Added by DistributedDataParallel, by torch.compile, and by trainers that keep a model as a
  /// member.
  private static let prefixes = ["module.", "_orig_mod.", "model."]

  /// Looks for `{"model": …}`, `{"state_dict": …}` or a bare state dictionary.
  /// - Throws: `pt.layout`, `pt.key_type`, `pt.name`, `pt.name_collision`,
  ///   `model.too_many_tensors`.
  init(_ graph: PickleGraph) throws(Failure) {
    guard let root = graph.dictionary(graph.root) else {
      throw StateDictionary.layoutFailure(
        "the checkpoint pickles \(graph[graph.root].kindName) instead of a dictionary")
    }
    var weights = root
    for wrapper in StateDictionary.wrappers {
      guard let handle = root[wrapper], let inner = graph.dictionary(handle) else { continue }
      weights = inner
      noteExtras(root, besides: wrapper)
      break
    }
    guard !weights.keys.isEmpty else {
      throw StateDictionary.layoutFailure("the checkpoint holds no tensors")
    }
    guard weights.keys.count <= StateDictionary.maximumTensorCount else {
      throw Failure(
        .badInput, code: "model.too_many_tensors",
        "the checkpoint holds \(weights.keys.count) tensors; "
          + "at most \(StateDictionary.maximumTensorCount) are accepted")
    }
    var strippedCounts: [String: Int] = [:]
    for (key, value) in zip(weights.keys, weights.values) {
      try add(key, graph[value], &strippedCounts)
    }
    for prefix in StateDictionary.prefixes {
      guard let count = strippedCounts[prefix] else { continue }
      notes.append("removed the prefix \"\(prefix)\" from \(count) names")
    }
  }

  private mutating func add(
    _ key: PickleKey, _ value: PickleNode, _ strippedCounts: inout [String: Int]
  ) throws(Failure) {
    guard case .string(let fullName) = key else {
      throw Failure(
        .badInput, code: "pt.key_type",
        "the state dictionary has the key \(key.text); names are "
          + "strings")
    }
    guard case .tensor(let index) = value else {
      throw StateDictionary.layoutFailure(
        "\(key.text) is \(value.kindName) where tensors are expected")
    }
    var name = Substring(fullName)
    while let prefix = StateDictionary.prefixes.first(where: { name.hasPrefix($0) }) {
      name = name.dropFirst(prefix.count)
      strippedCounts[prefix, default: 0] += 1
    }
    guard !name.isEmpty, name.utf8.count <= StateDictionary.maximumNameByteCount,
      printable(fullName, limit: fullName.utf8.count) == fullName
    else {
      throw Failure(
        .badInput, code: "pt.name", "the tensor name \(key.text) is empty, too long or unprintable")
    }
    guard tensorIndexByName.updateValue(index, forKey: String(name)) == nil else {
      throw Failure(
        .badInput, code: "pt.name_collision",
        "two tensors have the name \(printable(String(name))) once prefixes are removed")
    }
    names.append(String(name))
  }

  private mutating func noteExtras(_ root: PickleDictionary, besides wrapper: String) {
    let extras = root.keys.filter { $0 != .string(wrapper) }.map(\.text)
    guard !extras.isEmpty else { return }
    let shown = extras.prefix(8).joined(separator: ", ")
    let more = extras.count > 8 ? " and \(extras.count - 8) more" : ""
    notes.append("ignored beside \"\(wrapper)\": \(shown)\(more)")
  }

  private static func layoutFailure(_ message: String) -> Failure {
    Failure(
      .badInput, code: "pt.layout", message,
      hint: "in Python: torch.save({\"model\": model.state_dict()}, \"out.pt\")")
  }
}
