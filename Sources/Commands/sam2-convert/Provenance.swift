import Bytes
import CLISupport
import Checkpoints
import JSON
import ModelFile
import Tensors

/// Origin of a model file, as recorded in the file.
struct Provenance {
  let input: String
  let checkpoint: OpenedCheckpoint
  let storage: DType
  /// Hashes of the file and its shards; they take as long as the whole of the rest of a conversion,
  /// so they are computed in parallel with it.
  private let hashes: BackgroundWork<[String]>

  init(input: String, checkpoint: OpenedCheckpoint, storage: DType) {
    self.input = input
    self.checkpoint = checkpoint
    self.storage = storage
    let files = [checkpoint.storage] + checkpoint.shards.map(\.storage)
    hashes = BackgroundWork { files.map { ModelFile.sha256(of: $0) } }
  }

  /// `metadata` with a `provenance` entry, which identifies the source by its hash, never by its
  /// folder.
  ///
  /// Waits for the hashes.
  func added(to metadata: JSONValue) -> JSONValue { added(hashes.value(), to: metadata) }

  /// The same with zeros for the hashes, so that the positions of everything else are known.
  func placeholder(in metadata: JSONValue) -> JSONValue {
    let zeros = String(repeating: "0", count: 64)
    return added([String](repeating: zeros, count: 1 + checkpoint.shards.count), to: metadata)
  }

  private func added(_ hashes: [String], to metadata: JSONValue) -> JSONValue {
    var entries: [(key: String, value: JSONValue)] = [
      ("source", .string(input.split(separator: "/").last.map(String.init) ?? input)),
      ("source_format", .string(checkpoint.format.name)),
      ("source_bytes", .integer(Int64(checkpoint.byteCount))),
      ("source_sha256", .string(hashes[0])),
      ("tool", .string("sam2-convert \(Tool.version)")),
      ("storage", .string(storage.name)),
    ]
    if !checkpoint.shards.isEmpty {
      let shards = zip(checkpoint.shards, hashes.dropFirst()).map { shard, hash -> JSONValue in
        .object([("file", .string(shard.name)), ("sha256", .string(hash))])
      }
      entries.append(("source_shards", .array(shards)))
    }
    return .object((metadata.object ?? []) + [("provenance", .object(entries))])
  }
}
