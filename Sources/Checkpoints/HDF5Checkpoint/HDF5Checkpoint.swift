public import Bytes
import Synchronization
public import Tensors

/// An HDF5 file that holds a state dictionary, as `Formats/hdf5.md` specifies.
///
/// libhdf5 runs in a child process (`HDF5Child`). On opening it lists the tensors, with the offsets
/// of those that are stored in one piece, which are views of the mapped file. On the first request
/// for one of the others it writes all of these to an unnamed temporary file, which is
/// mapped too. Memory of this process never grows with the file.
public final class HDF5Checkpoint: TensorCollection {
  public let names: [String]
  /// Remarks for the user: a child that is not confined.
  public let notes: [String]

  private let input: FileDescriptor
  private let file: ByteStorage
  private let child: ChildProcess
  private let header: StreamHeader
  private let indexByName: [String: Int]
  private let stream = Guarded<Stream?>(nil)

  /// Lists the tensors of the file at `path`.
  ///
  /// The child is `program`, which must call `HDF5Child.run` for the subcommand
  /// `HDF5Child.commandName`; when nil, this program if it is `sam2-convert`, else the
  /// `sam2-convert` beside it.
  /// - Throws: `file.missing`, `file.unreadable`, `file.not_regular`; codes that start with `h5.`,
  ///   `tensor.` or `model.`; `output.create`, `output.write` for the temporary file.
  public convenience init(path: String, program: String? = nil) throws(Failure) {
    try self.init(FileDescriptor.open(path), program)
  }

  /// Lists the tensors of a file in memory, or of the part `range` of it, which is copied to a
  /// temporary file first.
  public convenience init(
    storage: ByteStorage, range: Range<Int>? = nil, program: String? = nil
  ) throws(Failure) {
    let copy = try FileDescriptor.temporary()
    try copy.write(storage, range ?? 0..<storage.byteCount)
    try self.init(copy, program)
  }

  private init(_ input: consuming FileDescriptor, _ program: String?) throws(Failure) {
    if let program {
      child = ChildProcess(program: program)
    } else {
      child = ChildProcess(program: try ChildProcess.converter())
    }
    let output = try FileDescriptor.temporary()
    try child.run([HDF5Child.listArgument], input: input, output: output)
    let header = try StreamHeader.read(try output.map()).header
    let file = try input.map()
    try header.check(against: ChildLimits(fileByteCount: file.byteCount))
    self.header = header
    self.file = file
    self.input = input
    names = header.entries.map(\.name)
    notes = Confinement.ofThisSystem.note.map { [$0] } ?? []
    indexByName = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
  }

  public func description(of name: String) -> TensorDescription? {
    indexByName[name].map {
      let entry = header.entries[$0]
      return TensorDescription(dtype: entry.dtype, shape: entry.shape, layer: entry.layer)
    }
  }

  /// The tensor `name`.
  ///
  /// - Throws: `tensor.missing`; `h5.chunk`, `h5.address` and other codes for data that cannot be
  ///   read, of this tensor or of another.
  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let index = indexByName[name] else {
      throw Failure(
        .badInput, code: "tensor.missing", "the checkpoint has no tensor \(printable(name))")
    }
    let entry = header.entries[index]
    if let offset = entry.fileOffset {
      return try Tensor(
        dtype: entry.dtype, shape: entry.shape, storage: file, byteOffset: offset)
    }
    let stream = try self.stream.withLock { stream throws(Failure) -> Stream in
      if let stream { return stream }
      let fresh = try read()
      stream = fresh
      return fresh
    }
    return try Tensor(
      dtype: entry.dtype, shape: entry.shape, storage: stream.storage,
      byteOffset: stream.offsets[index])
  }

  /// Reads every tensor that is not simply a part of the file.
  public func verify() throws(Failure) {
    if let entry = header.entries.first(where: { $0.fileOffset == nil }) {
      _ = try tensor(entry.name)
    }
  }

  /// The whole stream of the child, and the position of each tensor in it.
  private struct Stream: Sendable {
    let storage: ByteStorage
    let offsets: [Int]
  }

  private func read() throws(Failure) -> Stream {
    let output = try FileDescriptor.temporary()
    try child.run([], input: input, output: output)
    let storage = try output.map()
    let (again, start) = try StreamHeader.read(storage)
    guard again == header else { throw StreamHeader.malformed("two different lists of tensors") }
    var offset = start
    var offsets: [Int] = []
    for entry in header.entries {
      offsets.append(offset)
      // The header's reading has added these up without overflow.
      offset += entry.streamedByteCount
    }
    guard offset == storage.byteCount else {
      throw StreamHeader.malformed("\(storage.byteCount) bytes instead of \(offset)")
    }
    return Stream(storage: storage, offsets: offsets)
  }
}
