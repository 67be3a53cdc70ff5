import Bytes

/// Tensor names made of paths of datasets.
struct TensorNames {
  /// Each name and the path it comes from, in the order of the paths.
  private(set) var entries: [(name: String, path: [String])] = []
  private(set) var notes: [String] = []

  /// Groups at the root that hold the weights if they are there, as in a checkpoint of torch.
  private static let wrappers = ["model", "state_dict"]

  /// - Throws: `h5.no_tensors`, `h5.name`, `h5.name_collision`.
  init(paths: [[String]]) throws(Failure) {
    let wrapper = TensorNames.wrappers.first { wrapper in
      paths.contains { $0.count > 1 && $0[0] == wrapper }
    }
    let weights = paths.filter { wrapper == nil || ($0.count > 1 && $0[0] == wrapper) }
    guard !weights.isEmpty else { throw refusal("h5.no_tensors", "the file holds no datasets") }
    if let wrapper, weights.count < paths.count {
      notes.append("ignored beside \"\(wrapper)\": \(paths.count - weights.count) datasets")
    }
    var seen: Set<String> = []
    for path in weights {
      let name = path.dropFirst(wrapper == nil ? 0 : 1).joined(separator: ".")
      guard name.utf8.count <= ObjectWalker.maximumNameByteCount, name != StreamHeader.metadataKey
      else { throw refusal("h5.name", "a tensor name is too long or reserved", at: name) }
      guard seen.insert(name).inserted else {
        throw refusal(
          "h5.name_collision", "two datasets have the name \(printable(name))",
          at: "/" + path.joined(separator: "/"))
      }
      entries.append((name, path))
    }
  }
}
