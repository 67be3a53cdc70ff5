import Bytes
import Media
import SAM2
import SampleScene
import Tensors
import TestSupport
import Testing

@testable import Workbench

@Suite("The cache of embeddings")
struct EmbeddingCacheTests {
  private let picture = Bench.still.image

  private func key(_ name: String, model: String = "m") -> EmbeddingKey {
    EmbeddingKey(model: model, contents: ContentHash(of: Array(name.utf8)))
  }

  @Test("answers a prompt with the bits of a fresh predictor")
  func sameAnswer() throws {
    let model = try Bench.model.get()
    let direct = ImagePredictor(model)
    try direct.setImage(picture)
    let cached = ImagePredictor(model)
    cached.setImage(try model.embedding(of: picture))
    let prompt = Prompt(points: [.init(x: 60, y: 50)])
    let expected = try direct.predict(prompt)
    let answer = try cached.predict(prompt)
    #expect(answer.lowResolutionLogits.floats() == expected.lowResolutionLogits.floats())
    #expect(answer.predictedIoUs == expected.predictedIoUs)
  }

  @Test("encodes a picture once for all who ask at the same time")
  func once() async throws {
    let scheduler = Scheduler()
    defer { scheduler.stop() }
    let cache = try EmbeddingCache(try Bench.model.get(), scheduler, budget: 1 << 30)
    let picture = picture
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { _ = try await cache.embedding(self.key("a")) { picture } }
      }
      try await group.waitForAll()
    }
    #expect(cache.statistics.encodedCount == 1)
    _ = try await cache.embedding(key("a")) { picture }
    #expect(cache.statistics.encodedCount == 1)
  }

  @Test("keeps its budget of memory, and what was used last")
  func budget() async throws {
    let scheduler = Scheduler()
    defer { scheduler.stop() }
    let model = try Bench.model.get()
    let cache = try EmbeddingCache(model, scheduler, budget: 2 * model.embeddingByteCount)
    let picture = picture
    for name in ["a", "b", "a", "c"] { _ = try await cache.embedding(key(name)) { picture } }
    #expect(cache.statistics.memoryBytes <= 2 * model.embeddingByteCount)
    #expect(cache.holds(key("a")) && cache.holds(key("c")) && !cache.holds(key("b")))
  }

  @Test("hands a failure to all who wait, and tries again later")
  func failure() async throws {
    let scheduler = Scheduler()
    defer { scheduler.stop() }
    let cache = try EmbeddingCache(try Bench.model.get(), scheduler, budget: 1 << 30)
    await #expect(throws: Failure(.badInput, code: "image.damaged", "")) {
      try await cache.embedding(key("a")) { () throws(Failure) in
        throw Failure(.badInput, code: "image.damaged", "")
      }
    }
    let picture = picture
    _ = try await cache.embedding(key("a")) { picture }
    #expect(cache.statistics.encodedCount == 1)
  }

  // MARK: - On disk

  @Test("finds on disk what an earlier one has kept, bit for bit")
  func disk() throws {
    try withTemporaryFolder { folder in
      let model = try Bench.model.get()
      let embedding = try model.embedding(of: picture)
      let store = try EmbeddingStore(folder, budget: 1 << 30, model: model)
      store.keep(embedding, key("a"))
      let again = try EmbeddingStore(folder, budget: 1 << 30, model: model)
      let found = try #require(again.embedding(key("a")))
      #expect(found.width == 160 && found.height == 120)
      for (a, b) in zip(found.tensors, embedding.tensors) { #expect(a.floats() == b.floats()) }
      #expect(again.embedding(key("a", model: "another")) == nil)
    }
  }

  @Test("removes a damaged file", arguments: [0, 9, 40, 60, 5000])
  func damage(_ place: Int) throws {
    try withTemporaryFolder { folder in
      let model = try Bench.model.get()
      let store = try EmbeddingStore(folder, budget: 1 << 30, model: model)
      store.keep(try model.embedding(of: picture), key("a"))
      let path = "\(folder)/\(key("a").text).embedding"
      var bytes = try #require(fileBytes(path))
      bytes[place] ^= 1
      try PictureFile.write(bytes, to: path)
      #expect(store.embedding(key("a")) == nil)
      #expect(fileBytes(path) == nil)
    }
  }

  @Test("removes a file that was cut off")
  func truncation() throws {
    try withTemporaryFolder { folder in
      let model = try Bench.model.get()
      let store = try EmbeddingStore(folder, budget: 1 << 30, model: model)
      store.keep(try model.embedding(of: picture), key("a"))
      let path = "\(folder)/\(key("a").text).embedding"
      let bytes = try #require(fileBytes(path))
      try PictureFile.write(Array(bytes.dropLast(100)), to: path)
      #expect(store.embedding(key("a")) == nil)
    }
  }

  @Test("keeps its budget of disk")
  func diskBudget() throws {
    try withTemporaryFolder { folder in
      let model = try Bench.model.get()
      let size = EmbeddingFile.byteCount(model)
      let store = try EmbeddingStore(folder, budget: 2 * size, model: model)
      let embedding = try model.embedding(of: picture)
      for name in ["a", "b", "c"] { store.keep(embedding, key(name)) }
      #expect(store.byteCount == 2 * size)
      #expect(store.embedding(key("a")) == nil && store.embedding(key("c")) != nil)
      let smaller = try EmbeddingStore(folder, budget: size, model: model)
      #expect(smaller.byteCount == size)
    }
  }
}
