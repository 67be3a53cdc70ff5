import Synchronization

/// Storage that is used again and again: frame by frame the same sizes come and go.
///
/// What the last owner of a storage lets go lies ready for the next one of its size, without a new
/// page and without a trip to the allocator. So much is kept idle at most; the oldest goes first. It
/// also goes when a new large size comes: sizes that grow with the frames leave nothing behind.
public final class StoragePool: Sendable {
  private let shelf: Shelf
  /// One closure for all storages: a new one each time would be an allocation.
  private let giveBack: @Sendable (UnsafeRawPointer, Int) -> Void

  /// - Parameter idleLimit: bytes that may lie idle.
  public init(idleLimit: Int = 96 << 20) {
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

    /// Frees the oldest pieces, `wanted` bytes of them if there are so many.
    mutating func free(atLeast wanted: Int) {
      let goal = max(0, byteCount - wanted)
      while byteCount > goal, !pieces.isEmpty {
        let oldest = pieces.removeFirst()
        byteCount -= oldest.byteCount
        SystemMemory.free(oldest.base, oldest.byteCount)
      }
    }
  }

  // Unchecked: whoever takes a piece off the shelf is its only user.
  private struct Piece: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
  }

  private let idle = Mutex(Idle())
  private let idleLimit: Int
  private static let largeBytes = 1 << 20

  init(idleLimit: Int) { self.idleLimit = idleLimit }

  deinit {
    idle.withLock { for piece in $0.pieces { SystemMemory.free(piece.base, piece.byteCount) } }
  }

  var idleByteCount: Int { idle.withLock { $0.byteCount } }

  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let found = idle.withLock { idle -> Piece? in
      guard let index = idle.pieces.lastIndex(where: { $0.byteCount == byteCount }) else {
        // A small piece is no reason to give up a large one.
        if byteCount >= Self.largeBytes { idle.free(atLeast: byteCount) }
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
      idle.free(atLeast: idle.byteCount - idleLimit)
    }
  }
}
