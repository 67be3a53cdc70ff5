public import Bytes
import JSON
public import Tensors

/// Writes `.safetensors` files, byte for byte as the format's own library does.
///
/// Tensors are ordered by element type, the widest first, then by name; the header is padded with
/// spaces to a multiple of 8. So every tensor is aligned, and equal content gives equal bytes.
public enum SafetensorsWriter {
  /// Called with the bytes done and the bytes in all.
  public typealias Progress = (_ done: Int, _ total: Int) -> Void

  /// Writes all of `tensors` to `path`, which appears complete or not at all, and returns the size.
  ///
  /// Tensors are read once and one after the other. Entries of `metadata` are sorted by key.
  /// - Throws: `output.*`; `st.name` and `st.header_limit` for what this room's reader would refuse;
  ///   what reading a tensor throws.
  public static func write(
    _ tensors: any TensorCollection, metadata: [String: String] = [:], to path: String,
    replaceExisting: Bool, progress: Progress? = nil
  ) throws(Failure) -> Int {
    try AtomicFile.checkCanCreate(path: path, replaceExisting: replaceExisting)
    let plan = try SafetensorsPlan(tensors, metadata)
    do {
      try AtomicFile.write(path: path, replaceExisting: replaceExisting) { file in
        try unsafe plan.write(tensors, progress) { (bytes) throws(Failure) in
          try unsafe file.write(bytes)
        }
      }
    } catch let failure as Failure {
      throw failure.about(file: path)
    } catch {
      throw Failure(.internalError, code: "output.write", "\(error)", file: path)
    }
    return plan.fileByteCount
  }

  /// The same file as bytes in memory; throws as `write` does.
  public static func encode(
    _ tensors: any TensorCollection, metadata: [String: String] = [:]
  ) throws(Failure) -> [UInt8] {
    let plan = try SafetensorsPlan(tensors, metadata)
    var file: [UInt8] = []
    file.reserveCapacity(plan.fileByteCount)
    try unsafe plan.write(tensors, nil) { (bytes) throws(Failure) in
      unsafe file.append(contentsOf: bytes)
    }
    return file
  }
}

/// Header and order of a file that is about to be written.
private struct SafetensorsPlan {
  let header: [UInt8]
  let names: [String]
  let descriptions: [TensorDescription]
  let fileByteCount: Int

  init(_ tensors: any TensorCollection, _ metadata: [String: String]) throws(Failure) {
    var entries: [(name: String, description: TensorDescription)] = []
    for name in tensors.names {
      try SafetensorsRecord.checkName(name)
      guard name != SafetensorsHeader.metadataKey, let description = tensors.description(of: name)
      else {
        throw Failure(
          .badInput, code: "st.name", "no tensor can be called \(printable(name)) in safetensors")
      }
      entries.append((name, description))
    }
    entries.sort { a, b in
      let ranks = (a.description.dtype.safetensorsRank, b.description.dtype.safetensorsRank)
      if ranks.0 != ranks.1 { return ranks.0 > ranks.1 }
      return a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
    }
    names = entries.map(\.name)
    descriptions = entries.map(\.description)

    var members: [(key: String, value: JSONValue)] = []
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let texts = sorted.map { (key: $0.key, value: JSONValue.string($0.value)) }
      members.append((SafetensorsHeader.metadataKey, .object(texts)))
    }
    var end = 0
    for (name, description) in entries {
      let start = end
      end += description.shape.elementCount * description.dtype.byteCount
      members.append((name, SafetensorsPlan.entry(description, start, end)))
    }
    var text = JSONValue.object(members).utf8(.compact)
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    guard text.count <= SafetensorsHeader.maximumByteCount,
      names.count <= SafetensorsHeader.maximumTensorCount
    else {
      throw Failure(
        .badInput, code: "st.header_limit", "\(names.count) tensors are too many for one file")
    }
    header = littleEndianBytes(UInt64(text.count)) + text
    fileByteCount = header.count + end
  }

  private static func entry(_ description: TensorDescription, _ start: Int, _ end: Int) -> JSONValue
  {
    .object([
      ("dtype", .string(description.dtype.safetensorsName)),
      ("shape", .array(description.shape.dimensions.map { JSONValue($0) })),
      ("data_offsets", .array([JSONValue(start), JSONValue(end)])),
    ])
  }

  /// Gives the file to `sink`, piece after piece.
  func write(
    _ tensors: any TensorCollection, _ progress: SafetensorsWriter.Progress?,
    to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    try unsafe give(header, to: sink)
    var done = header.count
    for (name, description) in zip(names, descriptions) {
      let tensor = try tensors.tensor(name)
      guard tensor.dtype == description.dtype, tensor.shape == description.shape else {
        throw Failure(
          .internalError, code: "st.description",
          "a tensor is \(tensor.dtype.name)\(tensor.shape), unlike its description",
          place: "tensor \(name)")
      }
      var failure: Failure?
      unsafe tensor.withUnsafeBytes { bytes in
        do throws(Failure) { try unsafe sink(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
      done += tensor.byteCount
      progress?(done, fileByteCount)
    }
  }

  private func give(
    _ bytes: [UInt8], to sink: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    var failure: Failure?
    unsafe bytes.withUnsafeBytes { raw in
      do throws(Failure) { try unsafe sink(raw) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
