import Bytes
import NumPyCheckpoint
import Zip

/// The kind of a zip archive, judged by the names of its entries.
enum ArchiveContent {
  case torch
  case numpy
  /// A model of Keras, and the entry with its weights.
  case keras(Int)

  private static let kerasWeights = "model.weights.h5"
  private static let kerasIndex = "model.weights.json"
  /// Entries of archives that hold programs in place of weights: the end of a path, and what it is.
  private static let programs: [(suffix: String, summary: String)] = [
    ("archive_format", "a program of torch.export (.pt2)"),
    ("serialized_exported_program.json", "a program of torch.export (.pt2)"),
    (".mlmodel", "a zipped Core ML model"),
    ("saved_model.pb", "a zipped TensorFlow model"),
  ]

  static func isArchive(_ storage: ByteStorage) -> Bool {
    storage.withUnsafeBytes { $0.prefix(4).elementsEqual([0x50, 0x4B, 0x03, 0x04]) }
  }

  /// - Throws: `checkpoint.format` for archives that are not checkpoints, `keras.sharded_archive`.
  ///   Any other archive is left to the reader of torch, whose refusal names the reason.
  init(_ archive: ZipArchive) throws(Failure) {
    if NumPyCheckpoint.recognizes(archive) {
      self = .numpy
      return
    }
    if let index = archive.index(of: ArchiveContent.kerasWeights) {
      self = .keras(index)
      return
    }
    guard archive.index(of: ArchiveContent.kerasIndex) == nil else {
      throw Failure(
        .badInput, code: "keras.sharded_archive",
        "this is a Keras archive whose weights are in shards",
        hint: "unpack it and pass \(ArchiveContent.kerasIndex)")
    }
    for entry in archive.entries {
      for program in ArchiveContent.programs where entry.name.hasSuffix(program.suffix) {
        throw Failure(
          .badInput, code: "checkpoint.format",
          "this is not a checkpoint: it looks like \(program.summary)",
          hint: FileContent.compiledHint)
      }
    }
    self = .torch
  }
}
