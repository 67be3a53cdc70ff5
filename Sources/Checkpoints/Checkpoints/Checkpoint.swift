public import Bytes
import HDF5Checkpoint
import SafetensorsCheckpoint
public import Tensors
import TorchCheckpoint

/// Opens checkpoints of any supported format.
public enum Checkpoint {
  /// Maps the file at `path`, tells its format from its content, never from its name, and reads its
  /// list of tensors.
  ///
  /// - Throws: what `MappedFile.open` and the reader of the format throw; `checkpoint.ambiguous` for
  ///   a file that is two formats at once; `checkpoint.format` for anything else. The failure names
  ///   the file.
  public static func open(
    _ path: String, options: CheckpointOptions = CheckpointOptions()
  ) throws(Failure) -> OpenedCheckpoint {
    do throws(Failure) {
      return try open(try MappedFile.open(path), path: path, options: options)
    } catch {
      throw error.about(file: path)
    }
  }

  /// The checkpoint whose bytes are `storage`; see `open(_:options:)`.
  ///
  /// Files that belong to it, the shards of an index, are looked for beside `path`; HDF5, which
  /// another process reads, is copied to a temporary file when there is no path.
  public static func open(
    _ storage: ByteStorage, path: String? = nil, options: CheckpointOptions = CheckpointOptions()
  ) throws(Failure) -> OpenedCheckpoint {
    let content = try FileContent(storage)
    guard case .checkpoint(let format) = content else {
      throw Failure(
        .badInput, code: "checkpoint.format",
        "this is not a checkpoint: it looks like \(content.summary)",
        hint: content.hint ?? "supported are \(CheckpointFormat.supportedList)")
    }
    // The one place where a format meets its reader.
    switch format {
    case .torch:
      let checkpoint = try TorchCheckpoint(
        storage: storage, ignoringForeignObjects: options.ignoresForeignObjects,
        allowingWrongChecksums: options.allowsWrongChecksums)
      return OpenedCheckpoint(
        tensors: checkpoint, format: format, notes: checkpoint.notes,
        details: [
          ("archive folder", printable(checkpoint.topFolder)),
          ("archive entries", String(checkpoint.entryCount)),
        ], storage: storage)
    case .safetensors: return try openSafetensors(storage)
    case .safetensorsIndex: return try openShards(storage, path)
    case .hdf5: return try openHDF5(storage, path)
    }
  }

  private static func openSafetensors(_ storage: ByteStorage) throws(Failure) -> OpenedCheckpoint {
    let checkpoint = try SafetensorsCheckpoint(storage: storage)
    let stripped = try PrefixFreeNames(checkpoint)
    let metadata = checkpoint.metadata.map { (label: "metadata \($0.key)", value: $0.value) }
    return OpenedCheckpoint(
      tensors: stripped, format: .safetensors, notes: stripped.notes,
      details: [("header bytes", String(checkpoint.headerByteCount))] + metadata,
      storage: storage)
  }

  private static func openShards(
    _ storage: ByteStorage, _ path: String?
  ) throws(Failure) -> OpenedCheckpoint {
    guard let path else {
      throw Failure(
        .badInput, code: "st.index_shard",
        "this is an index of shards, and the folder they are in is not known")
    }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(path[...$0]) } ?? "."
    let checkpoint = try ShardedSafetensors(index: storage, folder: folder)
    let stripped = try PrefixFreeNames(checkpoint)
    return OpenedCheckpoint(
      tensors: stripped, format: .safetensorsIndex, notes: stripped.notes,
      details: [("shards", String(checkpoint.shards.count))], storage: storage,
      shards: checkpoint.shards.map { ($0.name, $0.storage) })
  }

  private static func openHDF5(
    _ storage: ByteStorage, _ path: String?
  ) throws(Failure) -> OpenedCheckpoint {
    let checkpoint: HDF5Checkpoint
    if let path {
      checkpoint = try HDF5Checkpoint(path: path)
    } else {
      checkpoint = try HDF5Checkpoint(storage: storage)
    }
    let stripped = try PrefixFreeNames(checkpoint)
    return OpenedCheckpoint(
      tensors: stripped, format: .hdf5, notes: checkpoint.notes + stripped.notes, details: [],
      storage: storage)
  }
}

/// What a user may let pass when a checkpoint is read; nothing unless asked.
public struct CheckpointOptions: Sendable {
  /// Objects of any program beside the weights of a torch checkpoint are dropped, unread.
  public var ignoresForeignObjects = false
  /// Entries of a torch checkpoint with a wrong CRC-32 are read as they are.
  public var allowsWrongChecksums = false

  public init() {}
}

/// A checkpoint that was opened: its tensors, and what is known about its file.
public struct OpenedCheckpoint: Sendable {
  public let tensors: any TensorCollection
  public let format: CheckpointFormat
  /// What a user should know about how the file was read.
  public let notes: [String]
  /// Facts about the container, for reports.
  public let details: [(label: String, value: String)]
  /// The whole file.
  public let storage: ByteStorage
  /// The files that an index names; empty for a checkpoint in one file.
  public let shards: [(name: String, storage: ByteStorage)]

  init(
    tensors: any TensorCollection, format: CheckpointFormat, notes: [String],
    details: [(label: String, value: String)], storage: ByteStorage,
    shards: [(name: String, storage: ByteStorage)] = []
  ) {
    self.tensors = tensors
    self.format = format
    self.notes = notes
    self.details = details
    self.storage = storage
    self.shards = shards
  }

  /// Passes while all its files are as they were when they were opened.
  /// - Throws: `input.changed`.
  public func checkUnchanged() throws(Failure) {
    for storage in [storage] + shards.map(\.storage) { try storage.origin?.check() }
  }

  /// Bytes of all its files.
  public var byteCount: Int { shards.reduce(storage.byteCount) { $0 + $1.storage.byteCount } }
}

/// The formats that checkpoints come in.
public enum CheckpointFormat: String, Sendable, CaseIterable {
  case torch
  case safetensors
  case safetensorsIndex
  case hdf5

  /// As people call it.
  public var name: String {
    switch self {
    case .torch: "PyTorch (.pt, .pth)"
    case .safetensors: "safetensors"
    case .safetensorsIndex: "safetensors in shards (.index.json)"
    case .hdf5: "HDF5"
    }
  }

  static var supportedList: String {
    allCases.map(\.name).joined(separator: ", ")
  }
}
