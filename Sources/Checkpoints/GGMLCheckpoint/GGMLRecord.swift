import Bytes
import Tensors

/// One tensor of a `.ggml` file.
struct GGMLRecord: Sendable {
  let name: String
  let dtype: DType
  let shape: Shape
  /// Where the elements start in the file.
  let offset: Int

  static let maximumNameByteCount = 512
  private static let alignment = 32

  /// ggml's numbers of element types that such files have.
  static let typeNames: [UInt32: String] = [
    0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 6: "q5_0", 7: "q5_1", 8: "q8_0",
  ]

  /// Reads the record at `cursor` and moves past its elements.
  ///
  /// - Throws: `ggml.record` for numbers that begin no record, `ggml.name`, `ggml.quantized`,
  ///   `ggml.truncated`, `ggml.padding`; `tensor.shape`.
  init(_ cursor: inout ByteCursor) throws(Failure) {
    try self.init(Head(&cursor), &cursor)
  }

  private init(_ head: Head, _ cursor: inout ByteCursor) throws(Failure) {
    guard let dtype = head.dtype else {
      throw Failure(
        .badInput, code: "ggml.quantized",
        "the weights are rounded (\(head.typeName)), which cannot be undone",
        place: "tensor \(head.name)",
        hint:
          "take the f32 or f16 file of the same model, convert it, and round it with sam2-quantize")
    }
    (name, self.dtype) = (head.name, dtype)
    // Sizes are written from the innermost axis out.
    shape = try Shape(checking: head.sizes.reversed())
    try GGMLRecord.skipPadding(&cursor)
    offset = cursor.offset
    _ = try cursor.take(byteCount: shape.elementCount * dtype.byteCount)
  }

  /// Whether a record of more than one number, or one in few bits, can be read at `offset`.
  static func begins(at offset: Int, in storage: ByteStorage) -> Bool {
    var cursor = ByteCursor(storage, truncationCode: "ggml.truncated")
    do throws(Failure) {
      try cursor.seek(toOffset: offset)
      let head = try Head(&cursor)
      guard head.dtype != nil else { return true }
      return try GGMLRecord(head, &cursor).shape.rank > 0
    } catch {
      return false
    }
  }

  private static func skipPadding(_ cursor: inout ByteCursor) throws(Failure) {
    let rest = cursor.offset % alignment
    guard rest > 0 else { return }
    let place = cursor.place
    guard try cursor.readBytes(alignment - rest).allSatisfy({ $0 == 0 }) else {
      throw Failure(
        .badInput, code: "ggml.padding", "bytes between a name and its tensor are not zero",
        place: place)
    }
  }

  /// The numbers and the name before the elements.
  private struct Head {
    let name: String
    /// From the innermost axis out.
    let sizes: [Int]
    let typeName: String
    /// Nil for weights in few bits.
    let dtype: DType?

    init(_ cursor: inout ByteCursor) throws(Failure) {
      let place = cursor.place
      let rank = try cursor.readUInt32()
      let nameByteCount = try cursor.readUInt32()
      let type = try cursor.readUInt32()
      guard (0...4).contains(rank),
        (1...UInt32(GGMLRecord.maximumNameByteCount)).contains(nameByteCount),
        let typeName = GGMLRecord.typeNames[type]
      else {
        throw Failure(.badInput, code: "ggml.record", "no tensor is described here", place: place)
      }
      var sizes: [Int] = []
      for _ in 0..<rank { sizes.append(Int(try cursor.readUInt32())) }
      guard let name = try cursor.readUTF8(byteCount: Int(nameByteCount)),
        printable(name, limit: name.utf8.count) == name
      else {
        throw Failure(.badInput, code: "ggml.name", "a tensor name is unprintable", place: place)
      }
      (self.name, self.sizes, self.typeName) = (name, sizes, typeName)
      dtype = [0: .float32, 1: .float16][type]
    }
  }
}
