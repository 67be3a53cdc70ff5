import Bytes
import Tensors
import TestSupport

@testable import TorchCheckpoint

/// Reads `storage` as a pickle, and when that can be, gives it the archive that it asks for.
func fuzzPickle(_ storage: ByteStorage) throws(Failure) {
  // Dropping foreign objects must not make anything of a pickle that was refused a danger.
  if let lax = try? PickleMachine.read(
    storage, range: 0..<storage.byteCount, ignoringForeignObjects: true)
  {
    _ = try? PickledTensors(lax)
  }
  let graph = try PickleMachine.read(storage, range: 0..<storage.byteCount)
  _ = try PickledTensors(graph)
  var archive = StoredArchive()
  archive.append("t/data.pkl", storage.withUnsafeBytes { Array($0) })
  archive.append("t/version", Array("3\n".utf8))
  var total = 0
  for record in graph.storages {
    guard let count = checkedProduct(record.elementCount, record.dtype.byteCount),
      let sum = checkedSum(total, count), sum <= 1 << 20
    else { return }
    total = sum
    archive.append("t/data/" + record.key, [UInt8](repeating: 0x3C, count: count))
  }
  let checkpoint = try TorchCheckpoint(storage: fenced(archive.bytes))
  try readAll(checkpoint)
  try checkpoint.verify()
}
