public import Bytes
public import Tensors

/// A `.safetensors` file.
///
/// Opening reads the header and checks it whole. Tensors are views of the file, also where its data
/// is not aligned. The format has no checksums: damaged elements are not noticed.
public struct SafetensorsCheckpoint: TensorCollection {
  /// In the order of the header.
  public let names: [String]
  private let header: SafetensorsHeader
  private let indices: [String: Int]
  private let storage: ByteStorage

  /// Reads the header of `storage`.
  ///
  /// - Throws: `st.header_size`, `st.header_limit`, `st.json`, `st.json_number`,
  ///   `st.duplicate_key`, `st.metadata`, `st.name`, `st.entry`, `st.dtype`, `st.shape`,
  ///   `st.offsets`, `st.hole`, `st.overlap`, `st.size`; `model.too_many_tensors`.
  public init(storage: ByteStorage) throws(Failure) {
    self.storage = storage
    header = try SafetensorsHeader(storage)
    names = header.records.map(\.name)
    var indices: [String: Int] = [:]
    for (index, name) in names.enumerated() { indices[name] = index }
    self.indices = indices
  }

  /// Metadata by the writer of the file, in the order of the header.
  public var metadata: [(key: String, value: String)] { header.metadata }
  /// Bytes of the JSON text.
  public var headerByteCount: Int { header.dataOffset - SafetensorsHeader.lengthByteCount }

  public func description(of name: String) -> TensorDescription? {
    indices[name].map { header.records[$0].description }
  }

  /// The tensor `name`, a view of the file.
  ///
  /// - Throws: `tensor.missing`.
  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let index = indices[name] else {
      throw Failure(
        .badInput, code: "tensor.missing", "the checkpoint has no tensor \(printable(name))")
    }
    let record = header.records[index]
    return try Tensor(
      dtype: record.dtype, shape: record.shape, storage: storage,
      byteOffset: header.dataOffset + record.range.lowerBound)
  }
}
