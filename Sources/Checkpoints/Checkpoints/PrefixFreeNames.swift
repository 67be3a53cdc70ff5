import Bytes
import Tensors

/// A checkpoint without the prefixes that training wrappers leave before every name.
///
/// The torch reader does this itself, because it also has to look through nested dictionaries.
struct PrefixFreeNames: TensorCollection {
  let names: [String]
  /// What was removed, in words.
  let notes: [String]
  private let base: any TensorCollection
  private let originals: [String: String]

  /// Added by DistributedDataParallel, by torch.compile, and by trainers that keep a model as a
  /// member.
  private static let prefixes = ["module.", "_orig_mod.", "model."]

  /// - Throws: `checkpoint.name_collision` when two names become one.
  init(_ base: any TensorCollection) throws(Failure) {
    var names: [String] = []
    var originals: [String: String] = [:]
    var counts: [String: Int] = [:]
    for original in base.names {
      var name = original[...]
      while let prefix = PrefixFreeNames.prefixes.first(where: { name.hasPrefix($0) }),
        name.utf8.count > prefix.utf8.count
      {
        name = name.dropFirst(prefix.count)
        counts[prefix, default: 0] += 1
      }
      guard originals.updateValue(original, forKey: String(name)) == nil else {
        throw Failure(
          .badInput, code: "checkpoint.name_collision",
          "two tensors have the name \(printable(String(name))) once prefixes are removed")
      }
      names.append(String(name))
    }
    self.base = base
    self.names = names
    self.originals = originals
    notes = PrefixFreeNames.prefixes.compactMap { prefix in
      counts[prefix].map { "removed the prefix \"\(prefix)\" from \($0) names" }
    }
  }

  func description(of name: String) -> TensorDescription? {
    originals[name].flatMap { base.description(of: $0) }
  }

  func tensor(_ name: String) throws(Failure) -> Tensor {
    try base.tensor(originals[name] ?? name)
  }

  func verify() throws(Failure) { try base.verify() }
}
