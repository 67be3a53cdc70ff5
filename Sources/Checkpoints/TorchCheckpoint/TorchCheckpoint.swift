public import Bytes
public import Tensors
public import Zip

/// A `.pt` or `.pth` file as `torch.save` has written it since torch 1.6: zip and pickle.
///
/// Nothing of the file is executed: the pickle is read as data by a machine that knows about thirty
/// opcodes and fourteen names. Opening reads the zip directory and the pickle. Tensors stored
/// uncompressed and contiguous in the file, as torch writes them, are views of it and take no
/// memory; others are copied each time they are asked for. The CRC-32 of an entry is verified when
/// the first tensor of it is read; `verify()` does so for all entries.
public struct TorchCheckpoint: TensorCollection {
  public let names: [String]
  /// Remarks for the user: members without tensors, permitted exceptions.
  public let notes: [String]
  /// Name of the folder that holds everything inside the archive.
  public var topFolder: String { archive.topFolder }
  /// Entries of the archive.
  public var entryCount: Int { archive.entryCount }

  private let archive: TorchArchive
  private let records: [String: TorchTensorRecord]
  /// Archive entry of each storage.
  private let entryIndices: [Int]

  /// Maximum bytes of all tensors, as a multiple of the bytes of all storages.
  private static let maximumSharing = 8

  /// Reads the directory and the pickle of `storage`; see the other `init`.
  ///
  /// - Throws: `pt.legacy`, `pt.tar_refused`, `pt.not_zip` for other containers; codes that start
  ///   with `zip.`; what the other `init` throws.
  public init(
    storage: ByteStorage, ignoringForeignObjects: Bool = false, allowingWrongChecksums: Bool = false
  ) throws(Failure) {
    try TorchContainer.check(storage)
    try self.init(
      archive: try ZipArchive(storage), ignoringForeignObjects: ignoringForeignObjects,
      allowingWrongChecksums: allowingWrongChecksums)
  }

  /// Reads the pickle of an archive.
  ///
  /// With `ignoringForeignObjects`, objects of any program may be beside the weights: they become
  /// inert nodes, nothing of theirs is looked up or called, and they are dropped. With
  /// `allowingWrongChecksums`, every entry is read at once, and those whose CRC-32 is wrong are
  /// named in the notes instead of refused.
  /// - Throws: codes that start with `zip.`, `pickle.`, `pt.`, `tensor.` or `model.`.
  public init(
    archive zip: ZipArchive, ignoringForeignObjects: Bool = false,
    allowingWrongChecksums: Bool = false
  ) throws(Failure) {
    archive = try TorchArchive(zip, allowingWrongChecksums: allowingWrongChecksums)
    let pickle = try archive.pickle()
    let graph = try PickleMachine.read(
      pickle.storage, range: pickle.range, ignoringForeignObjects: ignoringForeignObjects)
    let weights = try PickledTensors(graph)
    if allowingWrongChecksums { try archive.verify() }

    var indices: [Int] = []
    for record in graph.storages { indices.append(try archive.entryIndex(of: record)) }
    entryIndices = indices
    names = weights.names
    notes = weights.notes + TorchCheckpoint.notes(graph, archive)
    records = weights.tensorIndexByName.mapValues { graph.tensors[$0] }
    try checkSharing(graph.storages)
  }

  public func description(of name: String) -> TensorDescription? { records[name]?.description }

  /// The tensor `name`, verified.
  ///
  /// - Throws: `tensor.missing`; `zip.crc`, `zip.inflate`, `zip.inflate_size` for damaged data.
  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let record = records[name] else {
      throw Failure(
        .badInput, code: "tensor.missing", "the checkpoint has no tensor \(printable(name))")
    }
    let contents = try archive.read(entryIndices[record.storageIndex])
    return try record.tensor(in: contents.storage, storageOffset: contents.range.lowerBound)
  }

  /// Verifies the checksum of every entry of the archive, also of those that hold no weights.
  public func verify() throws(Failure) { try archive.verify() }

  /// Exceptions that were permitted because the user had asked for them.
  private static func notes(_ graph: PickleGraph, _ archive: TorchArchive) -> [String] {
    func listed(_ names: [String]) -> String {
      names.prefix(8).map { printable($0) }.joined(separator: ", ")
        + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }
    var notes: [String] = []
    if !graph.foreignNames.isEmpty {
      notes.append("dropped objects of other programs: \(listed(graph.foreignNames))")
    }
    let wrong = archive.wrongChecksums
    if !wrong.isEmpty { notes.append("accepted wrong checksums: \(listed(wrong))") }
    return notes
  }

  /// Tied weights share a storage; hundreds of views of one would be a bomb.
  private func checkSharing(_ storages: [TorchStorageRecord]) throws(Failure) {
    var stored = 0
    for storage in storages { stored += storage.elementCount * storage.dtype.byteCount }
    var total = 0
    for record in records.values {
      guard
        let bytes = checkedProduct(record.shape.elementCount, record.dtype.byteCount),
        let sum = checkedSum(total, bytes),
        sum / TorchCheckpoint.maximumSharing <= stored + (1 << 20)
      else {
        throw Failure(
          .badInput, code: "model.expansion",
          "the tensors of the checkpoint claim far more bytes than its \(stored) bytes of storage")
      }
      total = sum
    }
  }
}

/// Distinguishes torch's containers by their first bytes.
enum TorchContainer {
  /// Passes when `storage` starts as a zip archive does.
  /// - Throws: `pt.legacy`, `pt.tar_refused`, `pt.not_zip`.
  static func check(_ storage: ByteStorage) throws(Failure) {
    let head = unsafe storage.withUnsafeBytes { unsafe Array($0.prefix(262)) }
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return }
    let resave = "load it in Python and save it again with torch 1.6 or later"
    if head.count == 262, head[257...].elementsEqual(Array("ustar".utf8)) {
      throw Failure(
        .badInput, code: "pt.tar_refused",
        "tar checkpoints are not read: loading them safely is not possible", hint: resave)
    }
    // The pickled magic number 0x1950A86A20F9469CFC6C of torch's first format.
    let legacyMagic: [UInt8] = [
      0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]
    if head.first == 0x80, head.dropFirst(2).starts(with: legacyMagic) {
      throw Failure(
        .badInput, code: "pt.legacy", "this is a checkpoint in torch's format from before 1.6",
        hint: resave)
    }
    throw Failure(
      .badInput, code: "pt.not_zip", "not a checkpoint as torch.save writes it",
      place: "byte 0")
  }
}
