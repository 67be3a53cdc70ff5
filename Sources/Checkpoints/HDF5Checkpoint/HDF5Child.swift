import Bytes
import CHDF5
import Glibc
import JSON

/// The process that reads HDF5: the file on descriptor 3 becomes a stream of tensors on stdout.
///
/// libhdf5 has had more than a hundred security bugs. Before it sees a byte of the file, this
/// process gives up everything but computing and writing to the two descriptors that it holds; if
/// the library is corrupted, the parent survives and reports it.
public enum HDF5Child {
  /// The name of the hidden subcommand that runs this.
  public static let commandName = "hdf5-child"
  static let listArgument = "--list"
  static let inputDescriptor: Int32 = 3

  /// Reads the file and ends the process: 0, or 65 with one line of JSON on stderr.
  ///
  /// - Parameter listOnly: write only the header of the stream.
  public static func run(listOnly: Bool) -> Never {
    do throws(Failure) {
      try stream(listOnly: listOnly)
    } catch {
      let line = Array((error.json.text() + "\n").utf8)
      _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      _exit(65)
    }
    // Not exit(): the library would close a file that may have damaged it.
    _exit(0)
  }

  private static func stream(listOnly: Bool) throws(Failure) {
    var status = stat()
    guard fstat(inputDescriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(
        .usage, code: "h5.child_setup", "\(commandName) is run by the program itself, with a file")
    }
    let limits = ChildLimits(fileByteCount: Int(status.st_size))
    try limits.apply()
    guard chdf5_set_up() >= 0 else {
      throw Failure(.internalError, code: "h5.child_setup", "libhdf5 cannot be started")
    }
    let file = try openConfined(limits)
    let names = try TensorNames(paths: try ObjectWalker.datasetPaths(in: file))
    let header = try describe(names, in: file, limits)
    try writeAll(header.encoded())
    if listOnly { return }
    for (entry, origin) in zip(header.entries, names.entries) where entry.fileOffset == nil {
      let place = "/" + origin.path.joined(separator: "/")
      let dataset = try open(place, in: file)
      guard dataset.shape == entry.shape, dataset.element.dtype == entry.dtype else {
        throw refusal("h5.object_header", "the file changes while it is read", at: place)
      }
      try dataset.forEachBlock(place: place) { bytes throws(Failure) in
        try writeAll(bytes)
      }
    }
  }

  /// Maps the file, gives up every power but computing and writing, and only then lets the library
  /// look at the file.
  private static func openConfined(_ limits: ChildLimits) throws(Failure) -> HDF5Handle {
    guard limits.fileByteCount > 0 else { throw refusal("h5.superblock", "the file is empty") }
    guard let image = chdf5_map_file(inputDescriptor, limits.fileByteCount) else {
      throw Failure(
        .inputOutput, code: "file.map",
        "the HDF5 file cannot be mapped: \(FileDescriptor.message(errno))")
    }
    try Confinement.apply(closingFrom: inputDescriptor)
    let file = try HDF5Handle(
      chdf5_open_image(image),
      orThrow: refusal(
        "h5.superblock", "the file cannot be opened as HDF5",
        hint: "it may be cut short, or still open for writing (h5clear -s)"))
    try checkExtent(of: file, end: chdf5_stored_end(image), limits)
    return file
  }

  /// The format is the whole of the file: nothing can hide before or after it.
  private static func checkExtent(
    of file: borrowing HDF5Handle, end: UInt64, _ limits: ChildLimits
  ) throws(Failure) {
    let userBlock = chdf5_user_block(file.id)
    guard userBlock >= 0, end > 0 else {
      throw refusal("h5.superblock", "the extent of the file cannot be read").withLibraryMessage()
    }
    guard userBlock == 0 else {
      throw refusal(
        "h5.superblock", "\(userBlock) bytes precede the HDF5 data (a user block)",
        hint: "remove them with h5unjam")
    }
    guard end == UInt64(limits.fileByteCount) else {
      throw refusal(
        "h5.trailing_data", "the HDF5 data end at byte \(end) of \(limits.fileByteCount)",
        hint: "copy the file with h5repack, or get it from its publisher")
    }
  }

  private static func open(
    _ place: String, in file: borrowing HDF5Handle
  ) throws(Failure) -> HDF5Dataset {
    let handle = try HDF5Handle(
      chdf5_open_object(file.id, place),
      orThrow: refusal("h5.object_header", "a dataset cannot be opened", at: place))
    return try HDF5Dataset.check(handle, place: place)
  }

  /// Checks every dataset, and what they claim together.
  private static func describe(
    _ names: TensorNames, in file: borrowing HDF5Handle, _ limits: ChildLimits
  ) throws(Failure) -> StreamHeader {
    var header = StreamHeader(entries: [])
    var produced = 0
    var extents: [Range<Int>] = []
    var layers = LayerNames()
    for (name, path) in names.entries {
      let place = "/" + path.joined(separator: "/")
      let dataset = try open(place, in: file)
      guard dataset.storedByteCount <= limits.fileByteCount else {
        throw refusal("h5.address", "more bytes are stored than the file has", at: place)
      }
      guard let sum = checkedSum(produced, dataset.producedByteCount),
        sum <= limits.declaredByteCount
      else {
        throw refusal(
          "h5.expansion",
          "the datasets claim far more than the \(limits.fileByteCount) bytes of the file",
          at: place)
      }
      produced = sum
      if let extent = dataset.extent { extents.append(extent) }
      header.entries.append(
        StreamHeader.Entry(
          name: name, dtype: dataset.element.dtype, shape: dataset.shape,
          fileOffset: dataset.directOffset, layer: try layers.name(ofDataset: path, in: file)))
    }
    try checkExtents(extents, limits)
    return header
  }

  /// Checks that data are inside the file and do not overlap; two links may lead to one dataset.
  private static func checkExtents(
    _ extents: [Range<Int>], _ limits: ChildLimits
  ) throws(Failure) {
    let sorted = Set(extents).sorted {
      ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound)
    }
    var end = 0
    for extent in sorted {
      guard extent.lowerBound >= end, extent.upperBound <= limits.fileByteCount else {
        throw refusal(
          "h5.address", "data outside the file, or of two datasets at one place",
          at: "bytes \(extent.lowerBound) to \(extent.upperBound)")
      }
      end = extent.upperBound
    }
  }

  // MARK: - Writing

  private static func writeAll(_ bytes: [UInt8]) throws(Failure) {
    var failure: Failure?
    bytes.withUnsafeBytes { raw in
      do throws(Failure) { try writeAll(raw) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private static func writeAll(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let written = write(STDOUT_FILENO, rest.baseAddress, rest.count)
      if written < 0, errno == EINTR { continue }
      guard written > 0 else {
        throw Failure(
          .inputOutput, code: "output.write",
          "writing a temporary file failed: \(String(cString: strerror(errno)))",
          hint: "TMPDIR names the folder for temporary files")
      }
      done += written
    }
  }
}
