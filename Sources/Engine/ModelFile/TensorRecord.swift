import Bytes
import Tensors

/// One row of the tensor table: the type, shape and data-section position of a tensor.
struct TensorRecord {
  var name: String
  var dtype: DType
  var shape: Shape
  /// Offset from the start of the data section.
  var offset: Int
  /// CRC-32 of the elements; identifies the damaged tensor if the section's hash does not match.
  var checksum: UInt32 = 0

  var byteCount: Int { shape.elementCount * dtype.byteCount }
  var range: Range<Int> { offset..<(offset + byteCount) }
  /// Bytes in a row, excluding dimensions and name.
  private static let fixedByteCount = 24

  static func encode(_ records: [TensorRecord]) -> [UInt8] {
    var encoder = ByteEncoder()
    encoder.append(UInt32(clamping: records.count))
    for record in records {
      encoder.append(record.dtype.rawValue)
      encoder.append(UInt8(clamping: record.shape.rank))
      encoder.append(UInt8(clamping: record.name.utf8.count))
      encoder.append(UInt8(0))
      encoder.append(record.checksum)
      encoder.append(UInt64(clamping: record.offset))
      encoder.append(UInt64(clamping: record.byteCount))
      for size in record.shape.dimensions { encoder.append(UInt64(clamping: size)) }
      encoder.append(record.name.utf8)
    }
    return encoder.bytes
  }
}

// MARK: - Reading

extension TensorRecord {
  /// Reads the table and checks that the tensors fill a data section of `dataByteCount` bytes in
  /// order, each starting at the next multiple of 64.
  /// - Throws: `model.tensor`, `model.name`, `model.hole`, `model.overlap`, `model.reserved`.
  static func decode(
    _ section: ByteCursor, dataByteCount: Int, newerHint: String? = nil
  ) throws(Failure) -> [TensorRecord] {
    var cursor = section
    let count = Int(try cursor.readUInt32())
    guard count <= min(ModelFile.Limit.tensors, cursor.remainingCount / fixedByteCount) else {
      throw Failure(.badInput, code: "model.tensor", "the table cannot have \(count) tensors")
    }
    var records: [TensorRecord] = []
    records.reserveCapacity(count)
    var names: Set<String> = []
    var end = 0
    for index in 0..<count {
      let record = try TensorRecord(reading: &cursor, "tensor \(index)", newerHint)
      try record.checkStart(after: end)
      guard names.insert(record.name).inserted else {
        throw Failure(.badInput, code: "model.tensor", "two tensors are called \(record.name)")
      }
      end = record.range.upperBound
      records.append(record)
    }
    guard cursor.isAtEnd else {
      throw Failure(
        .badInput, code: "model.tensor", "bytes follow the last row", place: cursor.place)
    }
    guard end == dataByteCount else {
      throw Failure(
        .badInput, code: end < dataByteCount ? "model.hole" : "model.overlap",
        "the tensors end at byte \(end) of the data, which has \(dataByteCount)")
    }
    return records
  }

  private init(
    reading cursor: inout ByteCursor, _ place: String, _ newerHint: String?
  ) throws(Failure) {
    let type = try cursor.readUInt8()
    let (rank, nameByteCount) = (Int(try cursor.readUInt8()), Int(try cursor.readUInt8()))
    guard try cursor.readUInt8() == 0 else {
      throw Failure(
        .badInput, code: "model.reserved", "a reserved byte is not zero", place: place)
    }
    checksum = try cursor.readUInt32()
    let (declaredOffset, declaredCount) = (try cursor.readUInt64(), try cursor.readUInt64())
    shape = try TensorRecord.readShape(&cursor, rank, place)
    guard let name = try cursor.readUTF8(byteCount: nameByteCount), !name.isEmpty,
      isAcceptableName(name)
    else {
      throw Failure(
        .badInput, code: "model.name", "its name is empty, not UTF-8 or holds control characters",
        place: place)
    }
    self.name = name
    guard let dtype = DType(rawValue: type) else {
      throw Failure(
        .badInput, code: "model.tensor", "\(type) is not an element type", place: name,
        hint: newerHint)
    }
    self.dtype = dtype
    offset = Int(clamping: declaredOffset)
    // The shape has at most 2^40 elements of at most 8 bytes.
    guard offset <= ModelFile.Limit.fileByteCount, UInt64(byteCount) == declaredCount else {
      throw Failure(
        .badInput, code: "model.tensor",
        "\(declaredCount) bytes at \(declaredOffset) cannot be \(dtype.name)\(shape)", place: name)
    }
  }

  private static func readShape(
    _ cursor: inout ByteCursor, _ rank: Int, _ place: String
  ) throws(Failure) -> Shape {
    guard rank <= ModelFile.Limit.rank else {
      throw Failure(.badInput, code: "model.tensor", "rank \(rank) is too large", place: place)
    }
    var dimensions: [Int] = []
    for _ in 0..<rank {
      // `Shape` bounds only the product, where a zero hides the other sizes.
      let size = try cursor.readUInt64()
      guard size <= UInt64(ModelFile.Limit.elementCount) else {
        throw Failure(.badInput, code: "model.tensor", "a size of \(size)", place: place)
      }
      dimensions.append(Int(size))
    }
    do {
      return try Shape(checking: dimensions)
    } catch {
      throw Failure(.badInput, code: "model.tensor", error.message, place: place)
    }
  }

  private func checkStart(after end: Int) throws(Failure) {
    guard let expected = checkedAlign(end, to: FileFormat.alignment), offset == expected else {
      throw Failure(
        .badInput, code: offset < end ? "model.overlap" : "model.hole",
        "starts at byte \(offset) of the data, but the tensor before it ends at \(end)",
        place: name)
    }
  }
}
