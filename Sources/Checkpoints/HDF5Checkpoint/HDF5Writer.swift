public import Bytes
import CHDF5
import Glibc
public import Tensors

/// Writes tensors as HDF5 in the plainest form that `Formats/hdf5.md` knows: one contiguous,
/// little-endian dataset for each at the root, named as the tensor.
///
/// Equal tensors give equal files. The library writes to a temporary file, whose bytes
/// then go to their place all or nothing.
public enum HDF5Writer {
  /// Writes all of `tensors` to the file at `path` and returns the bytes of the file.
  ///
  /// Calls `progress` with the number of tensors written and of all.
  /// - Throws: what `AtomicFile.write` and the collection throw; `h5.name` for names that HDF5 has
  ///   no place for; `output.write` when the library fails.
  public static func write(
    _ tensors: any TensorCollection, to path: String, replaceExisting: Bool,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(Failure) -> Int {
    try AtomicFile.checkCanCreate(path: path, replaceExisting: replaceExisting)
    var temporary = try FileDescriptor.temporary(named: true)
    try writeDatasets(tensors, to: &temporary, progress)
    let content = try temporary.map()
    do {
      try AtomicFile.write(path: path, replaceExisting: replaceExisting) { writer in
        try content.withUnsafeBytes { try writer.write($0) }
      }
    } catch let failure as Failure {
      throw failure.about(file: path)
    } catch {
      throw Failure(.internalError, code: "output.write", "\(error)", file: path)
    }
    return content.byteCount
  }

  private static func writeDatasets(
    _ tensors: any TensorCollection, to output: inout FileDescriptor,
    _ progress: (Int, Int) -> Void
  ) throws(Failure) {
    // Each process may refuse plugins for itself; locks fail on some file systems.
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1)
    guard chdf5_set_up() >= 0 else { throw writeFailure("libhdf5 cannot be started") }
    let file = try HDF5Handle(
      chdf5_create_file("/proc/self/fd/\(output.number)"),
      orThrow: writeFailure("cannot create a temporary HDF5 file"))
    // The library needs the name only to open the file; without it, no file remains.
    output.removeName()
    for (index, name) in tensors.names.enumerated() {
      try write(try tensors.tensor(name), named: name, to: file)
      progress(index + 1, tensors.names.count)
    }
    guard H5Fflush(file.id, H5F_SCOPE_GLOBAL) >= 0 else {
      throw writeFailure("cannot finish the HDF5 file").withLibraryMessage()
    }
  }

  private static func write(
    _ tensor: Tensor, named name: String, to file: borrowing HDF5Handle
  ) throws(Failure) {
    guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), name != "." else {
      throw refusal("h5.name", "the tensor name \(printable(name)) cannot be a dataset")
    }
    let (id, meaning) = elementType(tensor.dtype)
    let type = try HDF5Handle(id, orThrow: writeFailure("no such type"))
    let sizes = tensor.shape.dimensions.map { hsize_t($0) }
    let dataset = try HDF5Handle(
      chdf5_create_dataset(file.id, name, type.id, Int32(sizes.count), sizes),
      orThrow: writeFailure("cannot create the dataset \(printable(name))"))
    if let meaning, chdf5_set_text_attribute(dataset.id, ElementType.attributeName, meaning) < 0 {
      throw writeFailure("cannot write an attribute").withLibraryMessage()
    }
    guard tensor.byteCount > 0 else { return }
    let written = tensor.withUnsafeBytes { chdf5_write(dataset.id, type.id, $0.baseAddress) }
    guard written >= 0 else {
      throw writeFailure("cannot write the dataset \(printable(name))").withLibraryMessage()
    }
  }

  /// The stored type, and the value of the attribute where the type alone is ambiguous.
  private static func elementType(_ dtype: DType) -> (id: hid_t, meaning: String?) {
    switch dtype {
    case .float32: (chdf5_float_type(4, 8, false), nil)
    case .float16: (chdf5_float_type(2, 5, false), nil)
    case .bfloat16: (chdf5_integer_type(2, false, false), "bfloat16")
    case .float64: (chdf5_float_type(8, 11, false), nil)
    case .int8: (chdf5_integer_type(1, true, false), nil)
    case .uint8: (chdf5_integer_type(1, false, false), nil)
    case .int16: (chdf5_integer_type(2, true, false), nil)
    case .int32: (chdf5_integer_type(4, true, false), nil)
    case .int64: (chdf5_integer_type(8, true, false), nil)
    case .bool: (chdf5_integer_type(1, false, false), "bool")
    }
  }

  private static func writeFailure(_ message: String) -> Failure {
    Failure(.inputOutput, code: "output.write", message)
  }
}
