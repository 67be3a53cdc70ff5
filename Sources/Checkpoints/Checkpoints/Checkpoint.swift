public import Bytes
import GGMLCheckpoint
import HDF5Checkpoint
import NumPyCheckpoint
import SafetensorsCheckpoint
import Tensors
import TorchCheckpoint
import Zip

/// Opens checkpoints of any supported format.
public enum Checkpoint {
  /// Maps the file at `path`, detects its format by its content, never by its name, and reads its
  /// list of tensors.
  ///
  /// A folder is opened when it holds one checkpoint.
  /// - Throws: what `MappedFile.open` and the reader of the format throw; `checkpoint.ambiguous` for
  ///   a file that is two formats at once; `checkpoint.format` for anything else. The failure names
  ///   the file.
  public static func open(
    _ path: String, options: CheckpointOptions = CheckpointOptions()
  ) throws(Failure) -> OpenedCheckpoint {
    do throws(Failure) {
      if let folder = try FolderListing(path) { return try open(folder, options) }
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
    case .torch, .keras, .numpy: return try openArchive(storage, options)
    case .safetensors: return try openSafetensors(storage)
    case .safetensorsIndex: return try openShards(storage, path)
    case .hdf5: return try openHDF5(storage, path)
    case .hdf5Shards: return try openHDF5Shards(storage, path)
    case .hdf5Folder: return try openManifest(path, options)
    case .ggml:
      let checkpoint = try GGMLCheckpoint(storage: storage)
      return OpenedCheckpoint(
        tensors: checkpoint, format: format, details: checkpoint.details, storage: storage)
    }
  }

  // MARK: - Folders

  private static func open(
    _ folder: FolderListing, _ options: CheckpointOptions
  ) throws(Failure) -> OpenedCheckpoint {
    switch FolderContent(folder) {
    case .hdf5: return try open(folder, options, prefix: nil)
    case .file(let name):
      let path = folder.path(of: name)
      do throws(Failure) {
        let opened = try open(try MappedFile.open(path), path: path, options: options)
        return OpenedCheckpoint(
          tensors: opened.tensors, format: opened.format,
          notes: ["read \(name) of the folder"] + opened.notes, details: opened.details,
          storage: opened.storage, shards: opened.shards)
      } catch {
        throw error.about(file: path)
      }
    case .other(let summary, let hint):
      throw Failure(
        .badInput, code: "checkpoint.format",
        "this is not a checkpoint: the folder looks like \(summary)", hint: hint)
    case .unknown(let files):
      throw Failure(
        .missingInput, code: "file.directory", "is a folder without a checkpoint of its own",
        hint: files.isEmpty
          ? "pass a checkpoint" : "pass one of its files, such as \(printable(files[0]))")
    }
  }

  private static func open(
    _ folder: FolderListing, _ options: CheckpointOptions, prefix: String?
  ) throws(Failure) -> OpenedCheckpoint {
    let weights = try HDF5Folder(folder, parts: options.parts, prefix: prefix)
    guard let first = weights.files.first else {
      throw Failure(
        .badInput, code: "h5.no_tensors", "the folder holds no files of such a model",
        hint: "they are called \(options.parts.prefix(3).joined(separator: ", ")) and so on, with "
          + "\(HDF5Folder.suffix)")
    }
    let checked = weights.files.count { $0.hash != nil }
    return OpenedCheckpoint(
      tensors: weights, format: .hdf5Folder, notes: weights.notes,
      details: [
        ("files", weights.files.map(\.name).joined(separator: ", ")),
        ("files with a hash in a manifest", String(checked)),
      ], storage: first.storage,
      shards: weights.files.dropFirst().map { ($0.name, $0.storage) })
  }

  /// The folder of the manifest at `path`.
  private static func openManifest(
    _ path: String?, _ options: CheckpointOptions
  ) throws(Failure) -> OpenedCheckpoint {
    guard let path, let folder = try FolderListing(self.folder(of: path)) else {
      throw Failure(
        .badInput, code: "manifest.missing",
        "this is a manifest, and the folder of its files is not known")
    }
    let name = path.split(separator: "/").last.map(String.init) ?? ""
    guard name.hasSuffix(FileManifest.suffix) else {
      throw Failure(
        .badInput, code: "manifest.json",
        "this is a manifest, but it is not called \(FileManifest.suffix), so its files cannot be "
          + "found", hint: "give it back the name that it was published under")
    }
    return try open(folder, options, prefix: FileChoice.prefix(ofManifest: name))
  }

  private static func folder(of path: String) -> String {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    return slash.map { String(path[...$0]) } ?? "."
  }

  // MARK: - Archives

  private static func openArchive(
    _ storage: ByteStorage, _ options: CheckpointOptions
  ) throws(Failure) -> OpenedCheckpoint {
    guard ArchiveContent.isArchive(storage) else { return try openTorch(nil, storage, options) }
    let archive = try ZipArchive(storage)
    switch try ArchiveContent(archive) {
    case .torch: return try openTorch(archive, storage, options)
    case .numpy:
      let checkpoint = try NumPyCheckpoint(archive)
      return OpenedCheckpoint(
        tensors: checkpoint, format: .numpy, notes: checkpoint.notes,
        details: [("archive entries", String(archive.entries.count))], storage: storage)
    case .keras(let weights):
      let contents = try archive.read(weights)
      let checkpoint = try HDF5Checkpoint(storage: contents.storage, range: contents.range)
      return OpenedCheckpoint(
        tensors: checkpoint, format: .keras, notes: checkpoint.notes,
        details: [("archive entries", String(archive.entries.count))], storage: storage)
    }
  }

  private static func openTorch(
    _ archive: ZipArchive?, _ storage: ByteStorage, _ options: CheckpointOptions
  ) throws(Failure) -> OpenedCheckpoint {
    let checkpoint: TorchCheckpoint
    if let archive {
      checkpoint = try TorchCheckpoint(
        archive: archive, ignoringForeignObjects: options.ignoresForeignObjects,
        allowingWrongChecksums: options.allowsWrongChecksums)
    } else {
      checkpoint = try TorchCheckpoint(storage: storage)
    }
    return OpenedCheckpoint(
      tensors: checkpoint, format: .torch, notes: checkpoint.notes,
      details: [
        ("archive folder", printable(checkpoint.topFolder)),
        ("archive entries", String(checkpoint.entryCount)),
      ], storage: storage)
  }

  // MARK: - Other files

  private static func openSafetensors(_ storage: ByteStorage) throws(Failure) -> OpenedCheckpoint {
    let checkpoint = try SafetensorsCheckpoint(storage: storage)
    let metadata = checkpoint.metadata.map { (label: "metadata \($0.key)", value: $0.value) }
    return OpenedCheckpoint(
      tensors: checkpoint, format: .safetensors,
      details: [("header bytes", String(checkpoint.headerByteCount))] + metadata,
      storage: storage)
  }

  private static func openShards(
    _ storage: ByteStorage, _ path: String?
  ) throws(Failure) -> OpenedCheckpoint {
    let checkpoint = try ShardedSafetensors(
      index: storage, folder: try shardFolder(path, code: "st.index_shard"))
    return OpenedCheckpoint(
      tensors: checkpoint, format: .safetensorsIndex,
      details: [("shards", String(checkpoint.shards.count))], storage: storage,
      shards: checkpoint.shards.map { ($0.name, $0.storage) })
  }

  private static func openHDF5Shards(
    _ storage: ByteStorage, _ path: String?
  ) throws(Failure) -> OpenedCheckpoint {
    let sharded = try HDF5Shards(
      storage, folder: try shardFolder(path, code: "keras.index_shard"))
    return OpenedCheckpoint(
      tensors: sharded.tensors, format: .hdf5Shards, notes: sharded.notes,
      details: [("shards", String(sharded.shards.count))], storage: storage,
      shards: sharded.shards)
  }

  private static func shardFolder(_ path: String?, code: String) throws(Failure) -> String {
    guard let path else {
      throw Failure(
        .badInput, code: code,
        "this is an index of shards, and the folder they are in is not known")
    }
    return folder(of: path)
  }

  private static func openHDF5(
    _ storage: ByteStorage, _ path: String?
  ) throws(Failure) -> OpenedCheckpoint {
    let checkpoint: HDF5Checkpoint
    if let path {
      try HDF5Shards.checkIsWhole(path)
      checkpoint = try HDF5Checkpoint(path: path)
    } else {
      checkpoint = try HDF5Checkpoint(storage: storage)
    }
    return OpenedCheckpoint(
      tensors: checkpoint, format: .hdf5, notes: checkpoint.notes, storage: storage)
  }
}
