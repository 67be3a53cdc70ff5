import Bytes

/// One place in a checkpoint that holds the weights of a SAM 2.
struct WeightPlace: Hashable {
  /// The beginning of its tensors' names, without the last dot; empty if they have none.
  let prefix: String
  let layout: NameLayout

  /// The key as a user writes it.
  var key: String { prefix.isEmpty ? "." : prefix }

  /// Names of members that wrappers put around any part of a model: those of
  /// DistributedDataParallel and DataParallel, torch.compile, activation checkpoints, FSDP and
  /// Lightning Fabric.
  private static let wrappers: Set<Substring> = [
    "module", "_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module", "_forward_module",
  ]

  /// All places in a checkpoint with these names, in the order of the names.
  static func all(in names: [String]) -> [WeightPlace] {
    let signs = NameLayout.allCases.flatMap { layout in
      layout.signs.map { (layout: layout, parts: nameParts($0)) }
    }
    var found: [WeightPlace] = []
    for name in names where name.hasSuffix(".weight") {
      let parts = nameParts(name)
      for sign in signs {
        guard let prefix = prefix(of: parts, before: sign.parts) else { continue }
        found.append(WeightPlace(prefix: prefix, layout: sign.layout))
      }
    }
    return found
  }

  /// The beginning of a name, before the parts of a sign; wrappers may come between those parts.
  private static func prefix(of parts: [Substring], before sign: [Substring]) -> String? {
    var (parts, expected) = (parts[...], sign[...])
    while let required = expected.last {
      guard let part = parts.popLast() else { return nil }
      if part == required {
        expected.removeLast()
      } else if !wrappers.contains(part) {
        return nil
      }
    }
    return parts.joined(separator: ".")
  }

  /// Whether the tensor with that name is at this place or below it.
  func holds(_ name: String) -> Bool {
    prefix.isEmpty || name.hasPrefix(prefix + ".")
  }

  /// Whether all of another place is below this one.
  func encloses(_ other: WeightPlace) -> Bool {
    prefix != other.prefix && holds(other.prefix + ".")
  }

  /// The parts of a tensor's name relative to this place, and the wrappers removed from it.
  func localParts(_ name: String) -> (parts: [Substring], wrappers: [Substring]) {
    let depth = prefix.isEmpty ? 0 : nameParts(prefix).count
    let parts = nameParts(name).dropFirst(depth)
    return (
      parts.filter { !WeightPlace.wrappers.contains($0) },
      parts.filter { WeightPlace.wrappers.contains($0) }
    )
  }
}

/// The parts of a name between its dots, including empty ones.
func nameParts(_ name: String) -> [Substring] {
  name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
    Substring($0)
  }
}
