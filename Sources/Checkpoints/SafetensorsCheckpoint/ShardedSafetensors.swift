public import Bytes
public import Tensors

/// A checkpoint in several `.safetensors` files, joined by `model.safetensors.index.json`.
///
/// Index and shards must agree: each tensor is in the file that the index names, and in no other.
public struct ShardedSafetensors: TensorCollection {
  /// One file of the set.
  public struct Shard: Sendable {
    public let name: String
    public let storage: ByteStorage
    let checkpoint: SafetensorsCheckpoint
  }

  /// In the order of the index.
  public let names: [String]
  /// By first appearance in the index.
  public let shards: [Shard]
  private let shardIndices: [String: Int]

  /// Whether the file may be an index, judged by its content.
  public static func isIndex(_ storage: ByteStorage) -> Bool {
    ShardIndex.looksLikeIndex(storage)
  }

  /// Opens the shards that `index` names, which are in `folder`.
  ///
  /// - Throws: `st.index`, `st.index_path` for a shard that is not a plain file name,
  ///   `st.index_shard` for one that does not exist, `st.index_weight` where index and shards
  ///   disagree; what `SafetensorsCheckpoint` throws, naming the shard.
  public init(index storage: ByteStorage, folder: String) throws(Failure) {
    let index = try ShardIndex(storage)
    var shards: [Shard] = []
    var shardIndices: [String: Int] = [:]
    for name in index.shards {
      let shard = try ShardedSafetensors.open(name, folder)
      for tensor in shard.checkpoint.names {
        guard index.shardByName[tensor] == name else {
          throw ShardedSafetensors.strangerFailure(tensor, name, index.shardByName[tensor])
        }
        shardIndices[tensor] = shards.count
      }
      shards.append(shard)
    }
    for name in index.names where shardIndices[name] == nil {
      throw Failure(
        .badInput, code: "st.index_weight",
        "the index places the tensor in \(index.shardByName[name] ?? ""), which does not have it",
        place: "tensor \(name)")
    }
    names = index.names
    self.shards = shards
    self.shardIndices = shardIndices
  }

  private static func open(_ name: String, _ folder: String) throws(Failure) -> Shard {
    let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    do throws(Failure) {
      let storage = try MappedFile.open(path)
      return Shard(
        name: name, storage: storage, checkpoint: try SafetensorsCheckpoint(storage: storage))
    } catch {
      guard error.cause == .missingFile else { throw error.about(file: path) }
      throw Failure(
        .badInput, code: "st.index_shard", "the index names this shard, which does not exist",
        hint: "download all shards into the folder of the index", file: path)
    }
  }

  private static func strangerFailure(
    _ tensor: String, _ shard: String, _ expected: String?
  ) -> Failure {
    let reason = expected.map { "the index places it in \($0)" } ?? "the index does not know it"
    return Failure(
      .badInput, code: "st.index_weight", "the shard \(shard) has a tensor, but \(reason)",
      place: "tensor \(tensor)", hint: "index and shards must come from one model")
  }

  public func description(of name: String) -> TensorDescription? {
    shardIndices[name].flatMap { shards[$0].checkpoint.description(of: name) }
  }

  /// The tensor `name`, a view of its shard.
  ///
  /// - Throws: `tensor.missing`.
  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let index = shardIndices[name] else {
      throw Failure(
        .badInput, code: "tensor.missing", "the checkpoint has no tensor \(printable(name))")
    }
    return try shards[index].checkpoint.tensor(name)
  }
}
