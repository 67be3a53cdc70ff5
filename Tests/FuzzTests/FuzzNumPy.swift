import Bytes
import NumPyCheckpoint
import Tensors
import TestSupport
import Zip

/// Reads `storage` as the array of an archive.
func fuzzNumPy(_ storage: ByteStorage) throws(Failure) {
  var archive = StoredArchive()
  archive.append("w.npy", storage.withUnsafeBytes { Array($0) })
  let checkpoint = try NumPyCheckpoint(try ZipArchive(fenced(archive.bytes)))
  try readAll(checkpoint)
  try checkpoint.verify()
}
