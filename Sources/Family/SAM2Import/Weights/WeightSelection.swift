import Bytes
import Tensors

/// The tensors at one place in a checkpoint, under the names that they have there.
struct WeightSelection {
  private(set) var tensors: RenamedTensors
  /// Prefixes removed from names and tensors left out, for people.
  private(set) var notes: [String] = []

  /// Counters that profilers add to every module.
  private static let counters: Set<Substring> = ["total_ops", "total_params"]
  /// Members that trainers add to a model for training only.
  private static let trainingMembers: Set<Substring> = ["loss", "loss_fn", "criterion"]
  /// The official trainer's keys for a model, which are not worth a note.
  private static let usualKeys: Set<String> = ["", "model"]

  /// - Throws: `weights.name_collision`.
  init(
    _ base: any TensorCollection, at place: WeightPlace, besides inner: [WeightPlace]
  ) throws(Failure) {
    tensors = RenamedTensors(base)
    var wrapperCounts: [String: Int] = [:]
    var counterCount = 0
    var others: [String] = []
    for original in base.names {
      guard place.holds(original), !inner.contains(where: { $0.holds(original) }) else {
        others.append(original)
        continue
      }
      let (parts, wrappers) = place.localParts(original)
      if let last = parts.last, WeightSelection.counters.contains(last) {
        counterCount += 1
      } else if let first = parts.first, WeightSelection.trainingMembers.contains(first) {
        others.append(original)
      } else {
        for wrapper in Set(wrappers) { wrapperCounts[String(wrapper), default: 0] += 1 }
        try tensors.addOrThrow(parts.joined(separator: "."), .tensor(original))
      }
    }
    if !others.isEmpty || !WeightSelection.usualKeys.contains(place.prefix) {
      let found = place.prefix.isEmpty ? "" : " under \"\(printable(place.prefix))\""
      notes.append("read \(tensors.names.count) of \(base.names.count) tensors\(found)")
    }
    if !others.isEmpty {
      notes.append("left out beside them: \(WeightSelection.summary(others))")
    }
    for (wrapper, count) in wrapperCounts.sorted(by: { $0.key < $1.key }) {
      notes.append("removed \"\(wrapper).\" from \(count) names")
    }
    if counterCount > 0 {
      notes.append("left out \(counterCount) counters of a profiler, which are not weights")
    }
  }

  /// The first few keys of `names`, with the number of tensors under each.
  private static func summary(_ names: [String]) -> String {
    var keys: [String] = []
    var counts: [String: Int] = [:]
    for name in names {
      let key = String(nameParts(name)[0])
      if counts[key] == nil { keys.append(key) }
      counts[key, default: 0] += 1
    }
    let shown = keys.prefix(8).map { "\"\(printable($0))\" (\(counts[$0] ?? 0))" }
    let more = keys.count > 8 ? " and \(keys.count - 8) more" : ""
    return shown.joined(separator: ", ") + more
  }
}
