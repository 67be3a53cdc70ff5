public import Bytes
public import SAM2
import Synchronization

/// Encoded pictures of all clients, each encoded only once: in memory within one budget, and in a
/// folder within another.
public final class EmbeddingCache: Sendable {
  fileprivate struct State: Sendable {
    var entries: [EmbeddingKey: ImageEmbedding] = [:]
    /// The least recently used first.
    var order: [EmbeddingKey] = []
    var byteCount = 0
    /// Pictures that are being encoded.
    var underway: [EmbeddingKey: Encoding] = [:]
    var statistics = EmbeddingStatistics()
  }

  private let state = Guarded(State())
  private let budget: Int
  private let store: EmbeddingStore?
  private let model: SegmentationModel
  private let scheduler: Scheduler

  /// Keeps `budget` bytes in memory, and always the most recently used embedding; with a `folder`,
  /// also that many bytes on disk, which outlive the server.
  /// - Throws: `output.folder`, `output.link`.
  public init(
    _ model: SegmentationModel, _ scheduler: Scheduler, budget: Int,
    folder: (path: String, budget: Int)? = nil
  ) throws(Failure) {
    (self.model, self.scheduler, self.budget) = (model, scheduler, budget)
    store = try folder.map { folder throws(Failure) in
      try EmbeddingStore(folder.path, budget: folder.budget, model: model)
    }
  }

  public var statistics: EmbeddingStatistics {
    let storedBytes = store?.byteCount ?? 0
    return state.withLock { state in
      var copy = state.statistics
      (copy.count, copy.memoryBytes, copy.diskBytes) =
        (state.entries.count, state.byteCount, storedBytes)
      return copy
    }
  }

  /// Whether the embedding of `key` is in memory.
  public func holds(_ key: EmbeddingKey) -> Bool { state.withLock { $0.entries[key] != nil } }

  /// The embedding of `key`: the cached one, or that of the picture supplied by `read`.
  ///
  /// Several callers for one key share one run of the encoder. It continues even if a caller stops
  /// waiting.
  /// - Throws: any error from `read`, the model or the scheduler.
  public func embedding(
    _ key: EmbeddingKey, priority: WorkPriority = .encode,
    read: @escaping @Sendable () throws(Failure) -> RGBImage
  ) async throws -> ImageEmbedding {
    let (ready, encoding, isNew) = state.withLock { state in
      state.found(key, priority)
    }
    if let ready { return ready }
    if isNew || encoding.hastens(to: priority) { start(encoding, key, priority, read) }
    return try await encoding.value()
  }

  /// Puts the encoder's run into the queue for `priority`.
  private func start(
    _ encoding: Encoding, _ key: EmbeddingKey, _ priority: WorkPriority,
    _ read: @escaping @Sendable () throws(Failure) -> RGBImage
  ) {
    Task {
      do {
        try await scheduler.run(priority) { _ in
          guard encoding.claim() else { return }
          self.finish(encoding, key, Result { try self.make(key, read) })
        }
      } catch {
        // The queue is full, or the server is stopping.
        if encoding.claim() { finish(encoding, key, .failure(error)) }
      }
    }
  }

  /// The stored embedding, or a new one and whether it has to be stored.
  private func make(
    _ key: EmbeddingKey, _ read: () throws(Failure) -> RGBImage
  ) throws(Failure) -> (embedding: ImageEmbedding, isNew: Bool) {
    if let stored = store?.embedding(key) {
      state.withLock { $0.statistics.diskHits += 1 }
      return (stored, false)
    }
    let new = try model.embedding(of: read())
    state.withLock { $0.statistics.encodedCount += 1 }
    return (new, true)
  }

  private func finish(
    _ encoding: Encoding, _ key: EmbeddingKey,
    _ result: Result<(embedding: ImageEmbedding, isNew: Bool), any Error>
  ) {
    switch result {
    case .failure(let error):
      state.withLock { $0.underway[key] = nil }
      encoding.finish(.failure(error))
    case .success(let (embedding, isNew)):
      keep(embedding, key)
      encoding.finish(.success(embedding))
      guard isNew, let store else { return }
      // No caller waits for the disk.
      Task { try? await scheduler.run(.ahead) { _ in store.keep(embedding, key) } }
    }
  }

  private func keep(_ embedding: ImageEmbedding, _ key: EmbeddingKey) {
    state.withLock { state in
      state.underway[key] = nil
      if state.entries.updateValue(embedding, forKey: key) == nil {
        state.byteCount += embedding.byteCount
      }
      state.use(key)
      while state.byteCount > budget, state.order.count > 1 {
        let oldest = state.order.removeFirst()
        state.byteCount -= state.entries.removeValue(forKey: oldest)?.byteCount ?? 0
        state.statistics.evictedCount += 1
      }
    }
  }
}

extension EmbeddingCache.State {
  /// The embedding of `key`, or the encoder run that computes it and whether that run is new.
  fileprivate mutating func found(
    _ key: EmbeddingKey, _ priority: WorkPriority
  ) -> (ready: ImageEmbedding?, encoding: Encoding, isNew: Bool) {
    if let embedding = entries[key] {
      use(key)
      statistics.memoryHits += 1
      return (embedding, Encoding(priority), false)
    }
    if let encoding = underway[key] { return (nil, encoding, false) }
    let encoding = Encoding(priority)
    underway[key] = encoding
    return (nil, encoding, true)
  }

  /// Marks `key` as the most recently used, so that it is removed last.
  fileprivate mutating func use(_ key: EmbeddingKey) {
    order.removeAll { $0 == key }
    order.append(key)
  }
}

/// Statistics about the cache, for metrics.
public struct EmbeddingStatistics: Sendable {
  public internal(set) var count = 0
  public internal(set) var memoryBytes = 0
  public internal(set) var diskBytes = 0
  public internal(set) var memoryHits = 0
  public internal(set) var diskHits = 0
  public internal(set) var encodedCount = 0
  public internal(set) var evictedCount = 0
}
