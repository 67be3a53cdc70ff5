import Bytes

/// Tensor names, derived from paths of datasets.
struct TensorNames {
  /// Each name and the path it comes from, in the order of the paths.
  private(set) var entries: [(name: String, path: [String])] = []

  /// - Throws: `h5.no_tensors`, `h5.name`, `h5.name_collision`.
  init(paths: [[String]]) throws(Failure) {
    guard !paths.isEmpty else { throw refusal("h5.no_tensors", "the file holds no datasets") }
    var seen: Set<String> = []
    for path in paths {
      let name = path.joined(separator: ".")
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
