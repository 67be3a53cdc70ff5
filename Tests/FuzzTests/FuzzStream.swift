import Bytes
import JSON

@testable import HDF5Checkpoint

/// The child's stream, or the line of its failure.
func fuzzStream(_ storage: ByteStorage) throws(Failure) {
  if isText(storage) {
    let bytes = storage.withUnsafeBytes { Array($0) }
    guard let failure = Failure(childOutput: bytes) else { return }
    let again = Failure(childOutput: Array(failure.json.text().utf8))
    precondition(again == failure && again?.kind == failure.kind, "a failure changes on its way")
    let text = failure.description
    precondition(text.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "a failure of control codes")
    precondition(text.utf8.count < 10_000, "a failure without end")
    return
  }
  let (header, end) = try StreamHeader.read(storage)
  precondition(Set(header.entries.map(\.name)).count == header.entries.count, "a name twice")
  precondition(end <= storage.byteCount, "data after the end")
  try header.check(against: ChildLimits(fileByteCount: 1 << 20))
  // The sum that opening computes once it has read this.
  _ = header.entries.reduce(end) { $0 + $1.streamedByteCount }
  let (copy, _) = try StreamHeader.read(fenced(header.encoded()))
  precondition(copy == header, "a header that changes on its way")
}
