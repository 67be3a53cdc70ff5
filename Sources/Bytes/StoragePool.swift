import Synchronization

/// Storage that is used again and again: frame by frame the same sizes come and go.
///
/// What the last owner of a storage lets go lies ready for the next one of its size, without a new
/// page and without a trip to the allocator. So much is kept idle at most; the oldest goes first.
public final class StoragePool: Sendable {
  private let shelf: Shelf
  /// One closure for all storages: a new one each time would be an allocation.
  private let giveBack: @Sendable (UnsafeRawPointer, Int) -> Void

  /// - Parameter idleLimit: bytes that may lie idle.
  public init(idleLimit: Int = 64 << 20) {
    let shelf = Shelf(idleLimit: idleLimit)
    self.shelf = shelf
    giveBack = { shelf.putBack(UnsafeMutableRawPointer(mutating: $0), $1) }
  }

  /// Memory of `byteCount` bytes for `storage(takingOver:)`; its content is unspecified.
  public func take(_ byteCount: Int) -> UnsafeMutableRawPointer { shelf.take(byteCount) }

  /// What `take` gave, written by now, as immutable bytes that come back when nobody uses them.
  public func storage(
    takingOver base: UnsafeMutableRawPointer, byteCount: Int
  ) -> ByteStorage {
    ByteStorage(takingOver: base, byteCount: byteCount, release: giveBack)
  }

  /// Bytes that lie idle.
  public var idleByteCount: Int { shelf.idleByteCount }
}

private final class Shelf: Sendable {
  private struct Idle: ~Copyable {
    /// Oldest first.
    var pieces: [Piece] = []
    var byteCount = 0
  }

  // Unchecked: whoever takes a piece off the shelf is its only user.
  private struct Piece: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
  }

  private let idle = Mutex(Idle())
  private let idleLimit: Int

  init(idleLimit: Int) { self.idleLimit = idleLimit }

  deinit {
    idle.withLock { for piece in $0.pieces { SystemMemory.free(piece.base, piece.byteCount) } }
  }

  var idleByteCount: Int { idle.withLock { $0.byteCount } }

  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let found = idle.withLock { idle -> Piece? in
      guard let index = idle.pieces.lastIndex(where: { $0.byteCount == byteCount }) else {
        return nil
      }
      idle.byteCount -= byteCount
      return idle.pieces.remove(at: index)
    }
    return found?.base ?? SystemMemory.allocate(byteCount)
  }

  func putBack(_ base: UnsafeMutableRawPointer, _ byteCount: Int) {
    let piece = Piece(base: base, byteCount: byteCount)
    idle.withLock { idle in
      idle.pieces.append(piece)
      idle.byteCount += byteCount
      while idle.byteCount > idleLimit, !idle.pieces.isEmpty {
        let oldest = idle.pieces.removeFirst()
        idle.byteCount -= oldest.byteCount
        SystemMemory.free(oldest.base, oldest.byteCount)
      }
    }
  }
}
