import Bytes
import JSON

/// A `model.safetensors.index.json`: which file holds which tensor.
struct ShardIndex {
  /// In the order of the text.
  let names: [String]
  /// File of each tensor.
  let shardByName: [String: String]
  /// Files, each once, by first appearance.
  let shards: [String]

  static let maximumByteCount = 16 << 20
  static let maximumShardCount = 1000
  private static let mapKey = "weight_map"

  /// Whether the bytes may be such an index: a JSON object that speaks of a weight map.
  static func looksLikeIndex(_ storage: ByteStorage) -> Bool {
    guard storage.byteCount <= maximumByteCount else { return false }
    return unsafe storage.withUnsafeBytes { bytes in
      guard unsafe bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return false }
      let needle = Array("\"\(mapKey)\"".utf8)
      var rest = unsafe bytes[...]
      // In real files the key is in the first kilobyte, so the search is short.
      while let quote = unsafe rest.firstIndex(of: UInt8(ascii: "\"")) {
        unsafe rest = unsafe rest[quote...]
        if unsafe rest.starts(with: needle) { return true }
        unsafe rest = unsafe rest.dropFirst()
      }
      return false
    }
  }

  /// - Throws: `st.index`, `st.json`, `st.json_number`, `st.duplicate_key`, `st.name`,
  ///   `st.index_path`, `model.too_many_tensors`.
  init(_ storage: ByteStorage) throws(Failure) {
    guard storage.byteCount <= ShardIndex.maximumByteCount else {
      throw Failure(
        .badInput, code: "st.index", "an index of \(storage.byteCount) bytes is too large")
    }
    let text = unsafe storage.withUnsafeBytes { unsafe Array($0.drop { $0 <= 0x20 }) }
    let members = try StrictJSON.object(
      text, origin: storage.byteCount - text.count, limit: ShardIndex.maximumByteCount)
    guard let map = members.first(where: { $0.key == ShardIndex.mapKey })?.value.object,
      !map.isEmpty
    else {
      throw Failure(
        .badInput, code: "st.index", "the index has no object \"\(ShardIndex.mapKey)\" with names")
    }
    guard map.count <= SafetensorsHeader.maximumTensorCount else {
      throw SafetensorsHeader.countFailure(map.count)
    }
    var shardByName: [String: String] = [:]
    var shards: [String] = []
    var seen: Set<String> = []
    for (name, value) in map {
      try SafetensorsRecord.checkName(name)
      let shard = try ShardIndex.fileName(value, of: name)
      shardByName[name] = shard
      if seen.insert(shard).inserted { shards.append(shard) }
    }
    guard shards.count <= ShardIndex.maximumShardCount else {
      throw Failure(.badInput, code: "st.index", "\(shards.count) shards are too many")
    }
    names = map.map(\.key)
    self.shardByName = shardByName
    self.shards = shards
  }

  /// A name without folders: an index must not reach for other files of the machine.
  private static func fileName(_ value: JSONValue, of tensor: String) throws(Failure) -> String {
    guard let name = value.string else {
      throw Failure(
        .badInput, code: "st.index", "the shard is \(value.kindName), not a string",
        place: "tensor \(tensor)")
    }
    let isPlain =
      name.utf8.count <= 255 && printable(name, limit: 255) == name && !name.hasPrefix(".")
      && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    guard isPlain, name.hasSuffix(".safetensors") else {
      throw Failure(
        .badInput, code: "st.index_path",
        "the shard \"\(printable(name))\" is not the plain name of a .safetensors file",
        place: "tensor \(tensor)")
    }
    return name
  }
}
