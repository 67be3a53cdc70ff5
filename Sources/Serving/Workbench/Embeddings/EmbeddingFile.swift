import Bytes
import SAM2
import Tensors

/// Embeddings as bytes; `Formats/embedding-cache.md` describes the file format.
enum EmbeddingFile {
  private static let magic = Array("SAM2EMB\0".utf8)
  private static let version: UInt32 = 1
  /// Magic, version, CRC-32, key, width and height.
  private static let headByteCount = 8 + 4 + 4 + 32 + 8

  /// The file for `embedding`.
  static func bytes(of embedding: ImageEmbedding, _ key: EmbeddingKey) -> [UInt8] {
    var body = key.bytes
    body += littleEndianBytes(UInt32(embedding.width)) + littleEndianBytes(UInt32(embedding.height))
    for tensor in embedding.tensors { tensor.withUnsafeBytes { body.append(contentsOf: $0) } }
    let checksum = body.withUnsafeBytes { CRC32.checksum($0) }
    return magic + littleEndianBytes(version) + littleEndianBytes(checksum) + body
  }

  /// Size in bytes of the file for an embedding from `model`.
  static func byteCount(_ model: SegmentationModel) -> Int {
    headByteCount + 4 * model.embeddingShapes.reduce(0) { $0 + $1.elementCount }
  }

  /// Reads the embedding for `key`.
  /// - Throws: `embedding.damaged` for anything except a complete file for that key and model.
  static func read(
    _ bytes: [UInt8], _ key: EmbeddingKey, _ model: SegmentationModel
  ) throws(Failure) -> ImageEmbedding {
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    var cursor = ByteCursor(storage, truncationCode: "embedding.damaged")
    guard bytes.count == byteCount(model), try cursor.readBytes(8) == magic,
      try cursor.readUInt32() == version
    else { throw damaged("another size or version") }
    let checksum = try cursor.readUInt32()
    let found = storage.withUnsafeBytes { raw in
      CRC32.checksum(UnsafeRawBufferPointer(rebasing: raw[cursor.offset...]))
    }
    guard found == checksum, try cursor.readBytes(32) == key.bytes else {
      throw damaged("another checksum or key")
    }
    let (width, height) = (Int(try cursor.readUInt32()), Int(try cursor.readUInt32()))
    var tensors: [Tensor] = []
    for shape in model.embeddingShapes {
      let taken = try cursor.take(byteCount: 4 * shape.elementCount)
      tensors.append(
        Tensor(dtype: .float32, shape: shape) { output in
          storage.withUnsafeBytes {
            output.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[taken]))
          }
        })
    }
    return try model.embedding(tensors, width: width, height: height)
  }

  private static func damaged(_ what: String) -> Failure {
    Failure(.badInput, code: "embedding.damaged", "the stored embedding has \(what)")
  }
}

extension EmbeddingKey {
  /// The 32 bytes of the hash.
  fileprivate var bytes: [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count, by: 2).map { index in
      UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
    }
  }
}
