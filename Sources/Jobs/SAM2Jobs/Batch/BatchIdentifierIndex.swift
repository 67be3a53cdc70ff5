import Bytes

/// Finds items that would conflict: equal ids, and ids that are parent folders of others.
///
/// Stores hashes, 16 bytes per item; if they match, the ids themselves are compared.
struct BatchIdentifierIndex {
  private var items: [(hash: UInt64, item: Int)] = []
  /// Folders within ids, each with the first item in it.
  private var folders: [String: Int] = [:]

  mutating func add(_ identifier: String, item: Int) {
    items.append((BatchIdentifier.hash(identifier), item))
    for folder in BatchIdentifier.folders(of: identifier) where folders[folder] == nil {
      folders[folder] = item
    }
  }

  /// - Throws: `batch.duplicate_id`, `batch.nested_id`; anything that `identifier` throws.
  mutating func check(
    line: (Int) -> Int, identifier: (Int) throws(Failure) -> String
  ) throws(Failure) {
    items.sort { ($0.hash, $0.item) < ($1.hash, $1.item) }
    var start = 0
    while start < items.count {
      let end = items[start...].firstIndex { $0.hash != items[start].hash } ?? items.count
      if end - start > 1 { try checkDistinct(items[start..<end].map(\.item), line, identifier) }
      start = end
    }
    for (folder, inside) in folders.sorted(by: { $0.value < $1.value }) {
      for item in candidates(BatchIdentifier.hash(folder)) where try identifier(item) == folder {
        throw Failure(
          .badInput, code: "batch.nested_id",
          "the id \"\(printable(folder))\" is a folder of another item's id",
          place: "lines \(line(item)) and \(line(inside))")
      }
    }
  }

  private func checkDistinct(
    _ items: [Int], _ line: (Int) -> Int, _ identifier: (Int) throws(Failure) -> String
  ) throws(Failure) {
    var seen: [String: Int] = [:]
    for item in items {
      let id = try identifier(item)
      if let first = seen[id] {
        throw Failure(
          .badInput, code: "batch.duplicate_id", "two items have the id \"\(printable(id))\"",
          place: "lines \(line(first)) and \(line(item))")
      }
      seen[id] = item
    }
  }

  /// The items whose hash is `hash`, found by binary search.
  private func candidates(_ hash: UInt64) -> [Int] {
    var (low, high) = (0, items.count)
    while low < high {
      let middle = (low + high) / 2
      if items[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    return items[low...].prefix { $0.hash == hash }.map(\.item)
  }
}
