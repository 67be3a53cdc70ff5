import Bytes
import Graph
import JSON
import Tensors

/// Lays out a model as a file, then writes it from front to back.
///
/// The header holds no hash and the section table comes last, so a single pass is enough. Only
/// metadata that is not known in time is patched.
struct ModelFileWriter {
  let fileByteCount: Int
  private let model: Model
  /// The type to which float weights are converted; nil if they keep their own.
  private let floatStorage: DType?
  private let metadata: [UInt8]
  private let graphs: [UInt8]
  private let records: [TensorRecord]
  /// In file order; hashes are filled in during writing.
  private let sections: [SectionEntry]
  private let header: FileHeader

  /// Receives the bytes of the file, in order.
  typealias Sink = (UnsafeRawBufferPointer) throws(Failure) -> Void

  /// Lays out `model` and proves that a reader will accept it before a byte is written.
  init(_ model: Model, floatStorage: DType? = nil) throws(Failure) {
    try model.verify()
    self.model = model
    self.floatStorage = floatStorage
    metadata = model.metadata.utf8(.canonical)
    graphs = try GraphEncoder.encode(model.graphs)
    records = try ModelFileWriter.layOut(model.weights, floatStorage)
    sections = try ModelFileWriter.layOut([
      (.metadata, metadata.count), (.graphs, graphs.count),
      (.tensorData, records.last?.range.upperBound ?? 0),
      (.tensorTable, TensorRecord.encode(records).count),
    ])
    let tableOffset = ModelFileWriter.align(
      sections.last?.range.upperBound ?? FileFormat.headerByteCount, FileFormat.alignment)
    fileByteCount = tableOffset + sections.count * SectionEntry.byteCount
    header = FileHeader(
      minor: FileFormat.minorVersion(for: model.graphs), sectionCount: sections.count,
      fileByteCount: fileByteCount, tableOffset: tableOffset)
    try checkReadable()
  }

  // MARK: - Layout

  private static func layOut(
    _ weights: WeightTable, _ floatStorage: DType?
  ) throws(Failure) -> [TensorRecord] {
    var end = 0
    var records: [TensorRecord] = []
    for name in weights.names {
      guard let tensor = weights[name] else { continue }
      guard !name.isEmpty, isAcceptableName(name) else {
        throw Failure(
          .badInput, code: "model.name", "\"\(printable(name))\" cannot name a tensor of a file",
          hint: "names have at most \(ModelFile.Limit.nameByteCount) bytes, no control characters")
      }
      let dtype = tensor.dtype.elementType == .float ? floatStorage ?? tensor.dtype : tensor.dtype
      let record = TensorRecord(
        name: name, dtype: dtype, shape: tensor.shape,
        offset: align(end, FileFormat.alignment))
      end = record.range.upperBound
      guard end <= ModelFile.Limit.fileByteCount else {
        throw Failure(.badInput, code: "model.limit", "the weights are too large for a file")
      }
      records.append(record)
    }
    return records
  }

  private static func layOut(
    _ pieces: [(kind: SectionKind, byteCount: Int)]
  ) throws(Failure) -> [SectionEntry] {
    var end = FileFormat.headerByteCount
    var entries: [SectionEntry] = []
    for piece in pieces {
      let entry = SectionEntry(
        code: piece.kind.rawValue, flags: piece.kind.flags,
        offset: align(end, piece.kind.flags.alignment), byteCount: piece.byteCount, sha256: [])
      end = entry.range.upperBound
      entries.append(entry)
    }
    return entries
  }

  private static func align(_ offset: Int, _ alignment: Int) -> Int {
    (offset + alignment - 1) / alignment * alignment
  }

  /// Decodes the encoded bytes: a number that the format cannot hold shows up as a difference.
  private func checkReadable() throws(Failure) {
    guard fileByteCount <= ModelFile.Limit.fileByteCount else {
      throw Failure(.badInput, code: "model.limit", "\(fileByteCount) bytes are too many")
    }
    guard model.metadata.isFinite else {
      throw Failure(.badInput, code: "model.metadata", "JSON cannot hold infinity or NaN")
    }
    _ = try LoadedModelFile.decodeMetadata(metadata)
    let decoded = try GraphDecoder.decode(ModelFileWriter.cursor(graphs, "model.graph"))
    guard graphs.count <= ModelFile.Limit.graphSectionByteCount, decoded == model.graphs else {
      throw Failure(.badInput, code: "model.graph", "the format cannot hold the graphs")
    }
    _ = try TensorRecord.decode(
      ModelFileWriter.cursor(TensorRecord.encode(records), "model.tensor"),
      dataByteCount: records.last?.range.upperBound ?? 0)
  }

  private static func cursor(_ bytes: [UInt8], _ truncationCode: String) -> ByteCursor {
    let storage = ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    return ByteCursor(storage, truncationCode: truncationCode)
  }
}

// MARK: - Writing

extension ModelFileWriter {
  /// Bytes that replace others in the file once everything has been written.
  struct Patch {
    let offset: Int
    let bytes: [UInt8]
  }

  /// Writes the file to `sink` and returns the metadata that `finalMetadata` supplies at the end.
  ///
  /// Its text must have the same length as that of the model's metadata, which stays in the file
  /// until the caller has patched it.
  func write(
    progress: ModelFile.Progress?, finalMetadata: ModelFile.FinalMetadata? = nil, to sink: Sink
  ) throws(Failure) -> Patch? {
    var output = Output()
    var entries = sections
    var records = self.records
    try output.write(header.encoded(), sink)
    for index in entries.indices {
      try output.pad(to: entries[index].offset, sink)
      output.beginSection()
      switch SectionKind(rawValue: entries[index].code) {
      case .metadata: try output.write(metadata, sink)
      case .graphs: try output.write(graphs, sink)
      case .tensorData: try writeData(&records, &output, progress, sink)
      case .tensorTable: try output.write(TensorRecord.encode(records), sink)
      case nil: break
      }
      entries[index].sha256 = output.sectionHash()
    }
    let patch = try patch(&entries, try finalMetadata?())
    try output.pad(to: header.tableOffset, sink)
    for entry in entries { try output.write(entry.encoded(), sink) }
    progress?(output.byteCount, fileByteCount)
    return patch
  }

  /// Enters the hash of `final` in `entries`.
  private func patch(
    _ entries: inout [SectionEntry], _ final: JSONValue?
  ) throws(Failure) -> Patch? {
    guard let final, let index = entries.firstIndex(where: { $0.kind == .metadata }) else {
      return nil
    }
    let bytes = final.utf8(.canonical)
    guard bytes.count == entries[index].byteCount else {
      throw Failure(
        .internalError, code: "model.metadata", "the final metadata have another length")
    }
    var hash = ContentHash()
    bytes.withUnsafeBytes { hash.update($0) }
    entries[index].sha256 = hash.value
    return Patch(offset: entries[index].offset, bytes: bytes)
  }

  private func writeData(
    _ records: inout [TensorRecord], _ output: inout Output, _ progress: ModelFile.Progress?,
    _ sink: Sink
  ) throws(Failure) {
    let start = output.byteCount
    for index in records.indices {
      try output.pad(to: start + records[index].offset, sink)
      guard let found = model.weights[records[index].name] else { continue }
      let tensor =
        found.dtype == records[index].dtype
        ? found : found.converted(to: records[index].dtype)
      records[index].checksum = try output.write(tensor, sink) {
        progress?($0, fileByteCount)
      }
      // A converted tensor was read from a different storage than it was written from.
      found.storage.releasePages(
        in: found.byteOffset..<(found.byteOffset + found.byteCount))
    }
  }

  /// Counts and hashes the bytes on their way to the sink.
  private struct Output {
    private(set) var byteCount = 0
    private var hash = BackgroundHash()

    mutating func beginSection() { hash = BackgroundHash() }

    /// SHA-256 of everything written since the section began.
    mutating func sectionHash() -> [UInt8] { hash.value() }

    /// Writes the elements and returns their CRC-32.
    mutating func write(
      _ tensor: Tensor, _ sink: Sink, _ progress: (_ byteCount: Int) -> Void
    ) throws(Failure) -> UInt32 {
      var checksum = CRC32()
      let range = tensor.byteOffset..<(tensor.byteOffset + tensor.byteCount)
      hash.update(tensor.storage, range)
      try tensor.storage.forEachPiece(of: range) { (piece) throws(Failure) in
        checksum.update(piece)
        byteCount += piece.count
        try sink(piece)
        progress(byteCount)
      }
      return checksum.value
    }

    mutating func write(_ bytes: [UInt8], _ sink: Sink) throws(Failure) {
      hash.update(ByteStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }, bytes.indices)
      byteCount += bytes.count
      try bytes.span.bytes.withUnsafeBytes { (raw) throws(Failure) in try sink(raw) }
    }

    mutating func pad(to offset: Int, _ sink: Sink) throws(Failure) {
      if offset > byteCount { try write([UInt8](repeating: 0, count: offset - byteCount), sink) }
    }
  }
}

extension JSONValue {
  /// Whether every number in it can be written; JSON text has only `null` for the others.
  fileprivate var isFinite: Bool {
    switch self {
    case .number(let value): value.isFinite
    case .array(let elements): elements.allSatisfy(\.isFinite)
    case .object(let members): members.allSatisfy(\.value.isFinite)
    case .null, .bool, .integer, .string: true
    }
  }
}
