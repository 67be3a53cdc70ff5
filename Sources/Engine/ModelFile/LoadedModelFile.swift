import Bytes
import Graph
import JSON
import Tensors

/// A file of which everything except the tensors' elements has been read and checked.
struct LoadedModelFile {
  let storage: ByteStorage
  let header: FileHeader
  let sections: [SectionEntry]
  let records: [TensorRecord]
  let model: Model
  let dataOffset: Int

  /// Reads the file in `storage` from the outside in: header, table, small sections.
  ///
  /// Touches no page of tensor data except the last.
  init(_ storage: ByteStorage) throws(Failure) {
    self.storage = storage
    header = try FileHeader(reading: storage)
    sections = try SectionEntry.readTable(header, storage)
    let hint = FileHeader.newerHint(header.major, header.minor)
    let metadata = try LoadedModelFile.section(.metadata, of: sections, storage, "model.metadata")
    let graphs = try LoadedModelFile.section(.graphs, of: sections, storage, "model.graph")
    let table = try LoadedModelFile.section(.tensorTable, of: sections, storage, "model.tensor")
    let data = try LoadedModelFile.entry(.tensorData, of: sections)
    dataOffset = data.offset

    let bytes = storage.withUnsafeBytes { [UInt8]($0[metadata.range]) }
    let value = try LoadedModelFile.decodeMetadata(bytes)
    guard graphs.remainingCount <= ModelFile.Limit.graphSectionByteCount else {
      throw Failure(.badInput, code: "model.graph", "the graph section is too large")
    }
    records = try TensorRecord.decode(table, dataByteCount: data.byteCount, newerHint: hint)
    model = Model(
      metadata: value, graphs: try GraphDecoder.decode(graphs, newerHint: hint),
      weights: try LoadedModelFile.weights(records, storage, dataOffset: data.offset))
    try model.verify()
    try checkVersion()
  }

  /// Checks that a known version is the minimum that the contents require: one model, one file.
  private func checkVersion() throws(Failure) {
    let needed = FileFormat.minorVersion(for: model.graphs)
    guard header.minor <= FileFormat.minorVersion, header.minor != needed else { return }
    throw Failure(
      .badInput, code: "model.graph",
      "the graphs need format \(header.major).\(needed), the file declares \(header.minor)")
  }

  /// Parses metadata, which must be an object in canonical form: one content, one text.
  static func decodeMetadata(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
    guard bytes.count <= ModelFile.Limit.metadataByteCount else {
      throw Failure(.badInput, code: "model.metadata", "\(bytes.count) bytes are too many")
    }
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw Failure(
        .badInput, code: "model.metadata", "the metadata is \(error.message)", place: error.place)
    }
    guard value.object != nil else {
      throw Failure(
        .badInput, code: "model.metadata", "the metadata is \(value.kindName), not an object")
    }
    guard value.utf8(.canonical) == bytes else {
      throw Failure(.badInput, code: "model.metadata", "the metadata is not in canonical form")
    }
    return value
  }

  private static func entry(
    _ kind: SectionKind, of sections: [SectionEntry]
  ) throws(Failure) -> SectionEntry {
    guard let entry = sections.first(where: { $0.kind == kind }) else {
      throw Failure(.badInput, code: "model.section", "there is no \(kind.name) section")
    }
    return entry
  }

  /// A cursor over a section small enough to be hashed whenever it is read.
  private static func section(
    _ kind: SectionKind, of sections: [SectionEntry], _ storage: ByteStorage,
    _ truncationCode: String
  ) throws(Failure) -> ByteCursor {
    let entry = try entry(kind, of: sections)
    try checkHash(entry, storage)
    var cursor = ByteCursor(storage, truncationCode: truncationCode)
    try cursor.seek(toOffset: entry.offset)
    return try cursor.slice(byteCount: entry.byteCount)
  }

  private static func checkHash(
    _ entry: SectionEntry, _ storage: ByteStorage
  ) throws(Failure) {
    if ContentHash.of(storage, entry.range) != entry.sha256 { throw checksumFailure(entry.name) }
  }

  private static func weights(
    _ records: [TensorRecord], _ storage: ByteStorage, dataOffset: Int
  ) throws(Failure) -> WeightTable {
    var weights = WeightTable()
    for record in records {
      let tensor = try Tensor(
        dtype: record.dtype, shape: record.shape, storage: storage,
        byteOffset: dataOffset + record.offset)
      weights.set(record.name, tensor)
    }
    return weights
  }

  private static func checksumFailure(_ place: String) -> Failure {
    Failure(
      .badInput, code: "model.checksum", "the bytes are not those that were written",
      place: place, hint: "copy or convert the file again")
  }
}

// MARK: - Checking the data

extension LoadedModelFile {
  /// Reads every byte that opening skipped: elements, padding between them, unknown sections.
  /// - Throws: `model.checksum`, `model.padding`, `model.scale`.
  func verifyChecksums(progress: ModelFile.Progress?) throws(Failure) {
    for section in sections {
      switch section.kind {
      case .tensorData: try verifyData(section, progress)
      case nil: try LoadedModelFile.checkHash(section, storage)
      case .metadata, .graphs, .tensorTable: break  // Checked when opened.
      }
    }
    try checkScales()
    progress?(storage.byteCount, storage.byteCount)
  }

  /// A scale is a step between numbers, so it cannot be zero, negative or not a number.
  private func checkScales() throws(Failure) {
    for name in model.weights.names where model.weights[name]?.dtype == .int8 {
      guard let scale = model.weights[name + ".scale"] else { continue }
      guard scale.floats().allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw Failure(
          .badInput, code: "model.scale", "a scale of an int8 weight is not a positive number",
          place: "tensor \(name).scale")
      }
    }
  }

  private func verifyData(
    _ section: SectionEntry, _ progress: ModelFile.Progress?
  ) throws(Failure) {
    var hash = ContentHash()
    var end = dataOffset
    for record in records {
      let start = dataOffset + record.offset
      try SectionEntry.checkZeros(end..<start, storage, before: "tensor \(record.name)")
      hash.update(bytes(end..<start))
      end = start + record.byteCount
      var checksum = CRC32()
      var done = start
      storage.forEachPiece(of: start..<end) { piece in
        checksum.update(piece)
        hash.update(piece)
        progress?(done, storage.byteCount)
        done += piece.count
      }
      guard checksum.value == record.checksum else {
        throw LoadedModelFile.checksumFailure("tensor \(record.name)")
      }
    }
    guard hash.value == section.sha256 else {
      throw LoadedModelFile.checksumFailure(section.name)
    }
  }

  /// Bytes of the file, valid as long as the caller keeps `self`.
  private func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: storage.base + range.lowerBound, count: range.count)
  }
}
