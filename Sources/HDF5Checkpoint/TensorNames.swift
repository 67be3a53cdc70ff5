import Bytes

/// Tensor names made of paths of datasets.
struct TensorNames {
  /// Each name and the path it comes from, in the order of the paths.
  private(set) var entries: [(name: String, path: [String])] = []
  private(set) var notes: [String] = []

  /// Groups at the root that hold the weights if they are there, as in a checkpoint of torch.
  private static let wrappers = ["model", "state_dict"]
  /// Added by DistributedDataParallel and by torch.compile.
  private static let prefixes = ["module.", "_orig_mod."]

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
    var strippedCounts: [String: Int] = [:]
    for path in weights {
      let full = path.dropFirst(wrapper == nil ? 0 : 1).joined(separator: ".")
      let name = TensorNames.stripped(full, &strippedCounts)
      guard !name.isEmpty, name.utf8.count <= ObjectWalker.maximumNameByteCount else {
        throw refusal("h5.name", "a tensor name is empty or too long", at: full)
      }
      guard seen.insert(name).inserted else {
        throw refusal(
          "h5.name_collision", "two datasets have the name \(printable(name))",
          at: "/" + path.joined(separator: "/"))
      }
      entries.append((name, path))
    }
    for prefix in TensorNames.prefixes {
      guard let count = strippedCounts[prefix] else { continue }
      notes.append("removed the prefix \"\(prefix)\" from \(count) names")
    }
  }

  private static func stripped(_ full: String, _ counts: inout [String: Int]) -> String {
    var name = Substring(full)
    while let prefix = prefixes.first(where: { name.hasPrefix($0) }) {
      name = name.dropFirst(prefix.count)
      counts[prefix, default: 0] += 1
    }
    return String(name)
  }
}
