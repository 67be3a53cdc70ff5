import Synchronization

/// A pool of storage for reuse, since each frame needs the same sizes as the last.
///
/// Freed storage is kept for the next request of the same size, which then needs neither fresh
/// pages nor the allocator. Idle bytes are limited, and the oldest are freed first. Large pieces
/// whose size was not requested again are also freed when another large size is requested, so sizes
/// that recur with each frame are kept, and sizes that grow with the frames are not.
public final class StoragePool: Sendable {
  private let shelf: Shelf
  /// One closure shared by all storages, because each new one would be an allocation.
  private let giveBack: @Sendable (UnsafeRawPointer, Int) -> Void

  /// - Parameter idleLimit: maximum number of idle bytes.
  public init(idleLimit: Int = 96 << 20) {
    let shelf = Shelf(idleLimit: idleLimit)
    self.shelf = shelf
    giveBack = { shelf.putBack(UnsafeMutableRawPointer(mutating: $0), $1) }
  }

  /// Memory of `byteCount` bytes for `storage(takingOver:)`, with unspecified content.
  public func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    shelf.takeIdle(byteCount) ?? SystemMemory.allocate(byteCount)
  }

  /// The same for sizes from untrusted input.
  /// - Throws: `memory.exhausted` when the system does not have that much memory.
  public func reserve(_ byteCount: Int) throws(Failure) -> UnsafeMutableRawPointer {
    if let idle = shelf.takeIdle(byteCount) { return idle }
    return try SystemMemory.reserve(byteCount)
  }

  /// Memory from `take` that has been written, as immutable bytes that return to the pool after
  /// use.
  public func storage(
    takingOver base: UnsafeMutableRawPointer, byteCount: Int
  ) -> ByteStorage {
    ByteStorage(takingOver: base, byteCount: byteCount, release: giveBack)
  }

  /// Number of idle bytes.
  public var idleByteCount: Int { shelf.idleByteCount }
}

private final class Shelf: Sendable {
  private struct Idle: ~Copyable {
    /// Oldest first.
    var pieces: [Piece] = []
    var byteCount = 0
    /// For each recently freed large size, whether it has been requested again.
    private var isRecurring: [Int: Bool] = [:]
    private static let sizeLimit = 64

    /// Frees the oldest pieces until at most `limit` bytes are idle.
    mutating func free(downTo limit: Int) {
      while byteCount > limit, !pieces.isEmpty { free(at: 0) }
    }

    /// Frees large pieces whose sizes were not requested again.
    mutating func freeUnwanted() {
      for index in pieces.indices.reversed() where isRecurring[pieces[index].byteCount] == false {
        free(at: index)
      }
    }

    mutating func noteRequest(_ size: Int) {
      if isRecurring[size] == false { isRecurring[size] = true }
    }

    mutating func noteReturn(_ size: Int) {
      guard isRecurring[size] == nil else { return }
      if isRecurring.count >= Self.sizeLimit { isRecurring.removeAll(keepingCapacity: true) }
      isRecurring[size] = false
    }

    private mutating func free(at index: Int) {
      let piece = pieces.remove(at: index)
      byteCount -= piece.byteCount
      SystemMemory.free(piece.base, piece.byteCount)
    }
  }

  // Unchecked: a piece taken off the shelf has a single user.
  private struct Piece: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
  }

  private let idle = Guarded(Idle())
  private let idleLimit: Int
  private static let largeBytes = 1 << 20

  init(idleLimit: Int) { self.idleLimit = idleLimit }

  deinit {
    idle.withLock { for piece in $0.pieces { SystemMemory.free(piece.base, piece.byteCount) } }
  }

  var idleByteCount: Int { idle.withLock { $0.byteCount } }

  /// An idle piece of exactly this size, if there is one.
  func takeIdle(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let found = idle.withLock { idle -> Piece? in
      let isLarge = byteCount >= Self.largeBytes
      if isLarge { idle.noteRequest(byteCount) }
      guard let index = idle.pieces.lastIndex(where: { $0.byteCount == byteCount }) else {
        if isLarge { idle.freeUnwanted() }
        return nil
      }
      idle.byteCount -= byteCount
      return idle.pieces.remove(at: index)
    }
    return found?.base
  }

  func putBack(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    let piece = Piece(base: base, byteCount: byteCount)
    idle.withLock { idle in
      if byteCount >= Self.largeBytes { idle.noteReturn(byteCount) }
      idle.pieces.append(piece)
      idle.byteCount += byteCount
      idle.free(downTo: idleLimit)
    }
  }
}
