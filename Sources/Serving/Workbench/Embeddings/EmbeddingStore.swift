import Bytes
import Glibc
import SAM2
import Synchronization

/// Embeddings on disk: one file each in a single folder, the least recently used removed when over
/// budget.
///
/// A file appears complete or not at all, and is checked when read: one that is damaged, or from
/// another model, is removed and counts as missing. Nothing here makes a request fail: a disk
/// failure only means that the encoder runs again.
final class EmbeddingStore: Sendable {
  private let folder: OutputDirectory
  private let budget: Int
  private let model: SegmentationModel
  /// Name and size of each file, least recently used first.
  private let files: Guarded<[(name: String, byteCount: Int)]>

  private static let suffix = ".embedding"

  /// Opens the store in the folder `path`, created if necessary, with anything an earlier server
  /// left there.
  /// - Throws: `output.folder`, `output.link`.
  init(_ path: String, budget: Int, model: SegmentationModel) throws(Failure) {
    folder = try OutputDirectory(path, creating: true)
    try folder.checkWritable()
    (self.budget, self.model) = (budget, model)
    files = Guarded(EmbeddingStore.found(in: folder, path))
    evict()
  }

  private static func found(
    in folder: OutputDirectory, _ path: String
  ) -> [(name: String, byteCount: Int)] {
    var found: [(name: String, byteCount: Int, used: Double)] = []
    for name in folder.names where name.hasSuffix(suffix) && folder.entry(name) == .file {
      var status = stat()
      guard lstat(folder.file(name), &status) == 0 else { continue }
      let used = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9
      found.append((name, Int(status.st_size), used))
    }
    return found.sorted { $0.used < $1.used }.map { ($0.name, $0.byteCount) }
  }

  /// Bytes of all files.
  var byteCount: Int { files.withLock { $0.reduce(0) { $0 + $1.byteCount } } }

  /// The embedding of `key`; nil if there is no usable one.
  func embedding(_ key: EmbeddingKey) -> ImageEmbedding? {
    let name = key.text + EmbeddingStore.suffix
    guard files.withLock({ $0.contains { $0.name == name } }) else { return nil }
    do throws(Failure) {
      guard let descriptor = try folder.readable(name) else { return drop(name) }
      defer { close(descriptor) }
      let bytes = try FileBytes.read(descriptor, 0..<EmbeddingFile.byteCount(model) + 1)
      let embedding = try EmbeddingFile.read(bytes, key, model)
      touch(name, descriptor)
      return embedding
    } catch {
      return drop(name)
    }
  }

  /// Keeps `embedding`, unless it exceeds the budget or the disk refuses it.
  func keep(_ embedding: ImageEmbedding, _ key: EmbeddingKey) {
    let name = key.text + EmbeddingStore.suffix
    let bytes = EmbeddingFile.bytes(of: embedding, key)
    guard bytes.count <= budget, (try? folder.write(name, bytes)) != nil else { return }
    files.withLock { files in
      files.removeAll { $0.name == name }
      files.append((name, bytes.count))
    }
    evict()
  }

  /// Marks a file as the most recently used, for the next server too.
  private func touch(_ name: String, _ descriptor: Int32) {
    futimens(descriptor, nil)
    files.withLock { files in
      guard let index = files.firstIndex(where: { $0.name == name }) else { return }
      files.append(files.remove(at: index))
    }
  }

  private func drop(_ name: String) -> ImageEmbedding? {
    folder.removeFile(name)
    files.withLock { $0.removeAll { $0.name == name } }
    return nil
  }

  private func evict() {
    let old = files.withLock { files in
      var total = files.reduce(0) { $0 + $1.byteCount }
      var old: [String] = []
      while total > budget, !files.isEmpty {
        let file = files.removeFirst()
        total -= file.byteCount
        old.append(file.name)
      }
      return old
    }
    for name in old { folder.removeFile(name) }
  }
}
