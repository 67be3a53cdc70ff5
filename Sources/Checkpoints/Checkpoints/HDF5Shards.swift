import Bytes
import HDF5Checkpoint
import JSON
import Tensors

/// Weights that Keras saved in several files, joined by a `.weights.json`.
///
/// The index names the files of each group of variables; a group may begin in one and continue in
/// the next.
struct HDF5Shards {
  let tensors: any TensorCollection
  let shards: [(name: String, storage: ByteStorage)]
  let notes: [String]

  private static let mapKey = "weight_map"
  private static let suffix = ".h5"
  private static let maximumByteCount = 16 << 20
  private static let maximumShardCount = 1000

  /// Whether the bytes may be such an index: its weight map names HDF5 files.
  static func isIndex(_ storage: ByteStorage) -> Bool {
    guard storage.byteCount <= maximumByteCount, let map = try? map(storage) else { return false }
    return map.first.map { files(of: $0.value).contains { $0.hasSuffix(suffix) } } ?? false
  }

  /// Opens the files that the index `storage` names, which are in `folder`.
  ///
  /// - Throws: `keras.index` where index and files disagree, `keras.index_path` for anything
  ///   but a plain file name, `keras.index_shard` for a file that does not exist; codes that start
  ///   with `h5.`.
  init(_ storage: ByteStorage, folder: String) throws(Failure) {
    var groups: [String: Set<String>] = [:]
    var names: [String] = []
    for (key, value) in try HDF5Shards.map(storage) {
      let files = HDF5Shards.files(of: value)
      guard !files.isEmpty,
        files.allSatisfy({ isPlainFileName($0) && $0.hasSuffix(HDF5Shards.suffix) })
      else {
        throw Failure(
          .badInput, code: "keras.index_path",
          "the index does not name plain .h5 files", place: "\"\(printable(key))\"")
      }
      let group = key.split(separator: "/").joined(separator: ".")
      groups[group, default: []].formUnion(files)
      for file in files where !names.contains(file) { names.append(file) }
      guard names.count <= HDF5Shards.maximumShardCount else {
        throw Failure(.badInput, code: "keras.index", "\(names.count) shards are too many")
      }
    }
    var opened: [(label: String?, tensors: any TensorCollection)] = []
    var shards: [(name: String, storage: ByteStorage)] = []
    var notes: Set<String> = []
    for name in names {
      let (file, checkpoint) = try HDF5Shards.open(name, folder)
      try HDF5Shards.check(checkpoint, name, groups)
      opened.append((nil, checkpoint))
      shards.append((name, file))
      notes.formUnion(checkpoint.notes)
    }
    tensors = try JoinedTensors(opened)
    self.shards = shards
    self.notes = notes.sorted()
  }

  /// Checks that a file is not a shard of an index beside it.
  /// - Throws: `keras.shard`.
  static func checkIsWhole(_ path: String) throws(Failure) {
    // NAME_00000.weights.h5 belongs to NAME.weights.json.
    guard path.hasSuffix(HDF5Folder.suffix) else { return }
    let stem = path.dropLast(HDF5Folder.suffix.count)
    let digits = stem.reversed().prefix { $0.isASCII && $0.isNumber }.count
    guard digits == 5, stem.dropLast(digits).hasSuffix("_") else { return }
    let index = stem.dropLast(digits + 1) + ".weights.json"
    guard (try? MappedFile.open(String(index))) != nil else { return }
    throw Failure(
      .badInput, code: "keras.shard", "this is one of several shards of the weights",
      hint: "pass their index, \(printable(String(index)))")
  }

  private static func map(
    _ storage: ByteStorage
  ) throws(Failure) -> [(key: String, value: JSONValue)] {
    var limits = JSONLimits()
    limits.byteCount = maximumByteCount
    limits.depth = 8
    let json: JSONValue
    do throws(Failure) {
      json = try JSONValue(parsing: storage, limits: limits)
    } catch {
      throw Failure(.badInput, code: "keras.index", error.message, place: error.place)
    }
    guard let map = json[mapKey]?.object, !map.isEmpty else {
      throw Failure(
        .badInput, code: "keras.index", "the index has no object \"\(mapKey)\" with names")
    }
    return map
  }

  /// The value is one name, or a list of them.
  private static func files(of value: JSONValue) -> [String] {
    if let one = value.string { return [one] }
    let elements = value.array ?? []
    let names = elements.compactMap(\.string)
    return names.count == elements.count ? names : []
  }

  private static func open(
    _ name: String, _ folder: String
  ) throws(Failure) -> (storage: ByteStorage, checkpoint: HDF5Checkpoint) {
    let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    do throws(Failure) {
      return (try MappedFile.open(path), try HDF5Checkpoint(path: path))
    } catch {
      guard error.cause == .missingFile else { throw error.about(file: path) }
      throw Failure(
        .badInput, code: "keras.index_shard", "the index names this shard, which does not exist",
        hint: "put all shards into the folder of the index", file: path)
    }
  }

  private static func check(
    _ checkpoint: HDF5Checkpoint, _ file: String, _ groups: [String: Set<String>]
  ) throws(Failure) {
    for name in checkpoint.names {
      let group = name.split(separator: ".").dropLast().joined(separator: ".")
      guard groups[group]?.contains(file) == true else {
        throw Failure(
          .badInput, code: "keras.index",
          "the shard \(file) has a variable that the index does not assign to it",
          place: "tensor \(name)", hint: "index and shards must come from one model")
      }
    }
  }
}
