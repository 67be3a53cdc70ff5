public import Bytes
public import Graph
public import JSON
public import Tensors

/// Reads and writes `.sam2` files: metadata, graphs and weights in one mapped file.
///
/// `Formats/model-file.md` is the specification. `open` checks everything except the elements of
/// the tensors, which are not read until they are used; `verify` checks those too.
public enum ModelFile {
  /// Called with the number of bytes done and the total.
  public typealias Progress = (_ done: Int, _ total: Int) -> Void

  /// Supplies the metadata of a file whose other parts have been written.
  public typealias FinalMetadata = () throws(Failure) -> JSONValue

  // MARK: - Writing

  /// Writes `model` to `path`, which appears complete or not at all, and returns its size in bytes.
  ///
  /// Equal models give equal bytes. Tensors are read once, one after another, and released once
  /// written, so mapped weights are never entirely in memory. If `floatStorage` (float32, float16
  /// or bfloat16) is given, float weights are converted to it on the way. `finalMetadata` is called
  /// when everything has been written but the file has no name yet: its result, whose canonical
  /// text must have the same length, replaces the metadata of `model`; if it throws, no file
  /// remains. This lets a file contain a hash that takes as long to compute as the writing.
  /// - Throws: `output.*`; `model.name`, `model.limit`, `model.metadata`, `model.graph` if the
  ///   format cannot hold the model; any error that `Model.verify` and `finalMetadata` throw.
  @discardableResult
  public static func write(
    _ model: Model, to path: String, replaceExisting: Bool, floatStorage: DType? = nil,
    progress: Progress? = nil, finalMetadata: FinalMetadata? = nil
  ) throws(Failure) -> Int {
    try AtomicFile.checkCanCreate(path: path, replaceExisting: replaceExisting)
    let writer = try ModelFileWriter(model, floatStorage: floatStorage)
    do {
      try AtomicFile.write(path: path, replaceExisting: replaceExisting) { file in
        let patch = try writer.write(progress: progress, finalMetadata: finalMetadata) {
          (bytes) throws(Failure) in try file.write(bytes)
        }
        if let patch { try file.patch(patch.bytes, at: patch.offset) }
      }
    } catch let failure as Failure {
      throw failure.about(file: path)
    } catch {
      throw Failure(.internalError, code: "output.write", "\(error)", file: path)
    }
    return writer.fileByteCount
  }

  /// Size in bytes of the file for `model`; throws as `write` does.
  public static func byteCount(of model: Model) throws(Failure) -> Int {
    try ModelFileWriter(model).fileByteCount
  }

  /// The file for `model` as bytes in memory; throws as `write` does.
  public static func encode(_ model: Model) throws(Failure) -> [UInt8] {
    let writer = try ModelFileWriter(model)
    var file: [UInt8] = []
    file.reserveCapacity(writer.fileByteCount)
    _ = try writer.write(progress: nil) { (bytes) throws(Failure) in
      file.append(contentsOf: bytes)
    }
    return file
  }

  // MARK: - Reading

  /// Maps the file at `path` and checks everything except the elements of the tensors.
  /// - Throws: `file.*`, `model.*`, `graph.*`.
  public static func open(_ path: String) throws(Failure) -> Model {
    try load(path).model
  }

  /// Reads a model from bytes in memory, for example the model built into a command.
  ///
  /// The tensors share `storage`; they are at multiples of 64 bytes if its base is.
  /// - Throws: `model.*`, `graph.*`.
  public static func read(storage: ByteStorage) throws(Failure) -> Model {
    try LoadedModelFile(storage).model
  }

  /// Checks the whole file at `path`: everything that `open` checks, and every checksum.
  /// - Returns: the model that was checked.
  /// - Throws: any error that `open` throws; `model.checksum` naming the tensor or section;
  ///   `model.padding`.
  @discardableResult
  public static func verify(_ path: String, progress: Progress? = nil) throws(Failure) -> Model {
    let loaded = try load(path)
    do {
      try loaded.verifyChecksums(progress: progress)
      return loaded.model
    } catch {
      throw error.about(file: path)
    }
  }

  /// Checks the whole of a model in memory, as `verify(_:)` does for a file.
  public static func verify(storage: ByteStorage) throws(Failure) {
    try LoadedModelFile(storage).verifyChecksums(progress: nil)
  }

  /// A summary of the file at `path`, for display; throws as `open` does.
  public static func inspect(_ path: String) throws(Failure) -> ModelFileSummary {
    ModelFileSummary(try load(path))
  }

  // MARK: - Hashes

  /// SHA-256 of `storage`, as `sha256sum` prints it, for the provenance of converted data.
  public static func sha256(of storage: ByteStorage) -> String {
    hexadecimalText(ContentHash.of(storage, 0..<storage.byteCount))
  }

  /// SHA-256 of the file at `path`; throws as `MappedFile.open` does.
  public static func sha256(ofFile path: String) throws(Failure) -> String {
    sha256(of: try MappedFile.open(path))
  }

  private static func load(_ path: String) throws(Failure) -> LoadedModelFile {
    let storage = try MappedFile.open(path)
    do {
      return try LoadedModelFile(storage)
    } catch {
      throw error.about(file: path)
    }
  }
}

extension ModelFile {
  /// Whether the bytes start like a model file.
  public static func isModelFile(_ storage: ByteStorage) -> Bool {
    storage.withUnsafeBytes { $0.starts(with: FileFormat.magic) }
  }
}
