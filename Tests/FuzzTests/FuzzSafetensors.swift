import Bytes
import Tensors

@testable import SafetensorsCheckpoint

/// A file, or the index of a sharded one.
func fuzzSafetensors(_ storage: ByteStorage) throws(Failure) {
  if isText(storage) {
    _ = try ShardIndex(storage)
    return
  }
  let checkpoint = try SafetensorsCheckpoint(storage: storage)
  try readAll(checkpoint)
  try checkpoint.verify()
  _ = checkpoint.metadata.map(\.value.utf8.count)
}
