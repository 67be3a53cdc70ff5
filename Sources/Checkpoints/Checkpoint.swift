public import Bytes
public import Tensors
import TorchCheckpoint

/// Opens checkpoints of any supported format.
public enum Checkpoint {
  /// Maps the file at `path`, tells its format from its content, never from its name, and reads its
  /// list of tensors.
  ///
  /// - Throws: what `MappedFile.open` and the reader of the format throw; `checkpoint.unsupported`
  ///   for a known format without a reader; `checkpoint.format` for anything else. The failure
  ///   names the file.
  public static func open(_ path: String) throws(Failure) -> OpenedCheckpoint {
    do throws(Failure) {
      return try open(try MappedFile.open(path))
    } catch {
      throw error.about(file: path)
    }
  }

  /// The checkpoint whose bytes are `storage`; see `open(_:)`.
  public static func open(_ storage: ByteStorage) throws(Failure) -> OpenedCheckpoint {
    let content = FileContent(storage)
    guard case .checkpoint(let format) = content else {
      throw Failure(
        .badInput, code: "checkpoint.format",
        "this is not a checkpoint: it looks like \(content.summary)",
        hint: content.hint ?? "supported are \(CheckpointFormat.supportedList)")
    }
    // The one place where a format meets its reader.
    switch format {
    case .torch:
      let checkpoint = try TorchCheckpoint(storage: storage)
      return OpenedCheckpoint(
        tensors: checkpoint, format: format, notes: checkpoint.notes,
        details: [
          ("archive folder", printable(checkpoint.topFolder)),
          ("archive entries", String(checkpoint.entryCount)),
        ], storage: storage)
    case .safetensors, .hdf5:
      throw Failure(
        .badInput, code: "checkpoint.unsupported",
        "\(format.name) checkpoints are not supported yet",
        hint: "supported are \(CheckpointFormat.supportedList)")
    }
  }
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

  public var byteCount: Int { storage.byteCount }
}

/// The formats that checkpoints come in.
public enum CheckpointFormat: String, Sendable, CaseIterable {
  case torch
  case safetensors
  case hdf5

  /// As people call it.
  public var name: String {
    switch self {
    case .torch: "PyTorch (.pt, .pth)"
    case .safetensors: "safetensors"
    case .hdf5: "HDF5"
    }
  }

  /// True when this version has a reader.
  public var isSupported: Bool {
    switch self {
    case .torch: true
    case .safetensors, .hdf5: false
    }
  }

  static var supportedList: String {
    allCases.filter(\.isSupported).map(\.name).joined(separator: ", ")
  }
}
