import CLISupport
import Checkpoints
import JSON
import ModelFile
import Tensors

/// Where a model file comes from, as it is kept in the file.
struct Provenance {
  let input: String
  let checkpoint: OpenedCheckpoint
  let storage: DType

  /// `metadata` with a `provenance` entry: the source by its hash, never by its folder.
  func added(to metadata: JSONValue) -> JSONValue {
    var entries: [(key: String, value: JSONValue)] = [
      ("source", .string(input.split(separator: "/").last.map(String.init) ?? input)),
      ("source_format", .string(checkpoint.format.name)),
      ("source_bytes", .integer(Int64(checkpoint.byteCount))),
      ("source_sha256", .string(ModelFile.sha256(of: checkpoint.storage))),
      ("tool", .string("sam2-convert \(Tool.version)")),
      ("storage", .string(storage.name)),
    ]
    if !checkpoint.shards.isEmpty {
      let shards = checkpoint.shards.map { shard -> JSONValue in
        .object([
          ("file", .string(shard.name)), ("sha256", .string(ModelFile.sha256(of: shard.storage))),
        ])
      }
      entries.append(("source_shards", .array(shards)))
    }
    return .object((metadata.object ?? []) + [("provenance", .object(entries))])
  }
}
