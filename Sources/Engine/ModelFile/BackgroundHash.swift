import Bytes

/// SHA-256 of parts of storages, in the order they are added, computed on other threads.
///
/// Hashing takes longer than anything else that a conversion does with its bytes. Parts are
/// gathered into batches, and each batch is hashed by a thread that first waits for the previous
/// one: the caller rarely waits for other threads, which matters on a busy machine.
struct BackgroundHash {
  private typealias Part = (storage: ByteStorage, range: Range<Int>)

  private var last: BackgroundWork<ContentHash>?
  private var parts: [Part] = []
  /// Bytes in `parts`: all of them, and those that no file can supply again.
  private var byteCount = 0
  private var ownedByteCount = 0

  private static let batchByteCount = 32 << 20
  /// A smaller limit for bytes that stay in memory until they are hashed: two batches may be
  /// waiting.
  private static let ownedBatchByteCount = 4 << 20

  /// Adds a part of `storage`, which is kept until it has been hashed.
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

  /// The hash of everything added, once it has been computed.
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
