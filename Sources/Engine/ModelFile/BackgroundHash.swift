import Bytes

/// SHA-256 of parts of storages, in the order in which they are added, computed on other threads.
///
/// Hashing takes longer than anything else that a conversion does with its bytes. Parts are gathered
/// into batches, each the work of a thread that first waits for the one before: the caller meets
/// other threads seldom, which matters on a machine that has more to do than this.
struct BackgroundHash {
  private typealias Part = (storage: ByteStorage, range: Range<Int>)

  private var last: BackgroundWork<ContentHash>?
  private var parts: [Part] = []
  /// Of `parts`: all bytes, and those that no file can give back.
  private var byteCount = 0
  private var ownedByteCount = 0

  private static let batchByteCount = 32 << 20
  /// Less for bytes that stay in memory until they are hashed: two batches may wait.
  private static let ownedBatchByteCount = 4 << 20

  /// Adds a part of `storage`, which is kept until it is hashed.
  mutating func update(_ storage: ByteStorage, _ range: Range<Int>) {
    parts.append((storage, range))
    byteCount += range.count
    if !storage.isMappedFile { ownedByteCount += range.count }
    if byteCount >= BackgroundHash.batchByteCount
      || ownedByteCount >= BackgroundHash.ownedBatchByteCount
    {
      startBatch()
    }
  }

  /// The hash of everything added, once it is there.
  mutating func value() -> [UInt8] {
    startBatch()
    return (last?.value() ?? ContentHash()).value
  }

  private mutating func startBatch() {
    let previous = last
    if ownedByteCount >= BackgroundHash.ownedBatchByteCount { _ = previous?.value() }
    last = BackgroundWork { [parts] in
      var hash = previous?.value() ?? ContentHash()
      for (storage, range) in parts { storage.forEachPiece(of: range) { hash.update($0) } }
      return hash
    }
    parts = []
    (byteCount, ownedByteCount) = (0, 0)
  }
}
