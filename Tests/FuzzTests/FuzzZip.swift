import Bytes
import Zip

@testable import TorchCheckpoint

/// The archive alone, of which every entry is inflated and summed; then as a checkpoint.
func fuzzZip(_ storage: ByteStorage) throws(Failure) {
  let archive = try ZipArchive(storage)
  for (index, entry) in archive.entries.enumerated() {
    precondition(archive.index(of: entry.name) == index, "an entry that its name does not find")
    guard let contents = try? archive.read(index) else { continue }
    precondition(contents.range.count == entry.byteCount, "an entry of another size")
    contents.storage.withUnsafeBytes { _ = CRC32.checksum(.init(rebasing: $0[contents.range])) }
  }
  let checkpoint = try TorchCheckpoint(storage: storage)
  try readAll(checkpoint)
  try checkpoint.verify()
}
