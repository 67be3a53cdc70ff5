public import Bytes
public import Tensors

/// A `.ggml` file of sam3.cpp with a SAM 2: a header of numbers, then a record per tensor.
///
/// Layout (`convert_sam2_to_ggml.py`): magic "sam2" as a number, version 1, type of the weights,
/// number of tensors, then 56 or 57 numbers about the model (files for SAM 2.1 alone lack the
/// last), all in 32 bits. A record is rank, bytes of the name, element type, sizes from the innermost
/// out, name, zeros up to a multiple of 32 bytes, elements. Tensors are views of the file, which has
/// no checksums.
public struct GGMLCheckpoint: TensorCollection {
  public let names: [String]
  /// Facts of the header.
  public let details: [(label: String, value: String)]
  private let records: [String: GGMLRecord]
  private let storage: ByteStorage

  /// The first bytes of the file: the number 0x73616D32.
  public static let magic: [UInt8] = Array("2mas".utf8)
  static let maximumTensorCount = 100_000
  /// Counts of settings, with and without the one that distinguishes SAM 2 from SAM 2.1.
  private static let settingCounts = [57, 56]
  private static let headByteCount = 16
  private static let hiera = 1

  /// - Throws: codes that start with `ggml.`; `tensor.shape`, `model.too_many_tensors`.
  public init(storage: ByteStorage) throws(Failure) {
    var cursor = ByteCursor(storage, truncationCode: "ggml.truncated")
    guard try cursor.readBytes(4) == GGMLCheckpoint.magic else {
      throw Failure(.badInput, code: "ggml.header", "not a .ggml file of a SAM 2")
    }
    let version = try cursor.readUInt32()
    guard version == 1 else {
      throw Failure(
        .badInput, code: "ggml.header", "the version is \(version); 1 is supported", place: "byte 4"
      )
    }
    let weightType = try cursor.readUInt32()
    guard let name = GGMLRecord.typeNames[weightType] else {
      throw Failure(
        .badInput, code: "ggml.dtype", "weights of the type \(weightType) are unknown",
        place: "byte 8")
    }
    let count = Int(try cursor.readUInt32())
    guard (1...GGMLCheckpoint.maximumTensorCount).contains(count) else {
      throw Failure(
        .badInput, code: "model.too_many_tensors",
        "the file announces \(count) tensors; 1 to \(GGMLCheckpoint.maximumTensorCount) are accepted",
        place: "byte 12")
    }
    let side = try cursor.readUInt32()
    let trunk = try cursor.readUInt32()
    guard trunk == GGMLCheckpoint.hiera else {
      throw Failure(
        .badInput, code: "ggml.trunk",
        "the file holds a model of another trunk (\(trunk)), as EdgeTAM has, not a SAM 2",
        place: "byte 20")
    }
    details = [("weights stored as", name), ("image size", String(side))]
    let records = try GGMLCheckpoint.records(storage, count: count)
    self.storage = storage
    names = records.map(\.name)
    var byName: [String: GGMLRecord] = [:]
    for record in records {
      guard byName.updateValue(record, forKey: record.name) == nil else {
        throw Failure(
          .badInput, code: "ggml.name", "two tensors have one name", place: "tensor \(record.name)")
      }
    }
    self.records = byName
  }

  /// Where the records start, which is where one can be read.
  private static func recordStart(_ storage: ByteStorage) -> Int {
    let starts = settingCounts.map { headByteCount + 4 * $0 }
    return starts.first { GGMLRecord.begins(at: $0, in: storage) } ?? starts[0]
  }

  private static func records(
    _ storage: ByteStorage, count: Int
  ) throws(Failure) -> [GGMLRecord] {
    var cursor = ByteCursor(storage, truncationCode: "ggml.truncated")
    try cursor.seek(toOffset: recordStart(storage))
    var records: [GGMLRecord] = []
    for _ in 0..<count { records.append(try GGMLRecord(&cursor)) }
    guard cursor.isAtEnd else {
      throw Failure(
        .badInput, code: "ggml.trailing",
        "\(cursor.remainingCount) bytes follow the last of \(count) tensors", place: cursor.place)
    }
    return records
  }

  public func description(of name: String) -> TensorDescription? {
    records[name].map { TensorDescription(dtype: $0.dtype, shape: $0.shape) }
  }

  /// - Throws: `tensor.missing`.
  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let record = records[name] else {
      throw Failure(
        .badInput, code: "tensor.missing", "the checkpoint has no tensor \(printable(name))")
    }
    return try Tensor(
      dtype: record.dtype, shape: record.shape, storage: storage, byteOffset: record.offset)
  }
}
