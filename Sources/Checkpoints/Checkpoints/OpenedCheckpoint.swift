public import Bytes
public import Tensors

/// A checkpoint that was opened: its tensors, and what is known about its file.
public struct OpenedCheckpoint: Sendable {
  public let tensors: any TensorCollection
  public let format: CheckpointFormat
  /// Remarks for the user on how the file was read.
  public let notes: [String]
  /// Facts about the container, for reports.
  public let details: [(label: String, value: String)]
  /// The whole file: what a user named, or the first of a folder.
  public let storage: ByteStorage
  /// The other files of the checkpoint: those that an index names, or that are in a folder.
  public let shards: [(name: String, storage: ByteStorage)]

  init(
    tensors: any TensorCollection, format: CheckpointFormat, notes: [String] = [],
    details: [(label: String, value: String)] = [], storage: ByteStorage,
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

/// Exceptions that the user permits when a checkpoint is read, and facts about its family.
public struct CheckpointOptions: Sendable {
  /// Objects of any program beside the weights of a torch checkpoint are dropped, unread.
  public var ignoresForeignObjects = false
  /// Entries of a torch checkpoint with a wrong CRC-32 are read as they are.
  public var allowsWrongChecksums = false
  /// Names of the files in which a model of Keras may be kept, without the name of the model and
  /// the ending.
  ///
  /// In a folder, other files are left out. When empty, all files of a folder are one model.
  public var parts: [String] = []

  public init() {}
}
