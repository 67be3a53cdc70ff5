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
    let entry: JSONValue = .object([
      ("source", .string(input.split(separator: "/").last.map(String.init) ?? input)),
      ("source_format", .string(checkpoint.format.name)),
      ("source_bytes", .integer(Int64(checkpoint.byteCount))),
      ("source_sha256", .string(ModelFile.sha256(of: checkpoint.storage))),
      ("tool", .string("sam2-convert \(Tool.version)")),
      ("storage", .string(storage.name)),
    ])
    return .object((metadata.object ?? []) + [("provenance", entry)])
  }
}
