public import Bytes
public import Tensors
public import Zip

/// A `.npz` file: a zip archive of one `.npy` array per tensor.
///
/// Opening reads the directory and every header. Arrays that are stored uncompressed in row-major
/// order are views of the file; others are copied each time they are asked for. The CRC-32 of an
/// entry is verified when its tensor is read.
public struct NumPyCheckpoint: TensorCollection {
  public let names: [String]
  /// Remarks for the user.
  public let notes: [String]
  private let archive: ZipArchive
  private let entries: [String: (index: Int, header: NumPyHeader)]

  static let suffix = ".npy"
  static let maximumTensorCount = 100_000
  static let maximumNameByteCount = 512

  /// Whether the archive is one: each of its entries is an array.
  public static func recognizes(_ archive: ZipArchive) -> Bool {
    !archive.entries.isEmpty && archive.entries.allSatisfy { $0.name.hasSuffix(suffix) }
  }

  /// - Throws: `npz.name`, `npz.name_collision`; codes that start with `npy.` or `zip.`;
  ///   `model.too_many_tensors`.
  public init(_ archive: ZipArchive) throws(Failure) {
    guard archive.entries.count <= NumPyCheckpoint.maximumTensorCount else {
      throw Failure(
        .badInput, code: "model.too_many_tensors",
        "the archive holds more than \(NumPyCheckpoint.maximumTensorCount) arrays")
    }
    var names: [String] = []
    var entries: [String: (index: Int, header: NumPyHeader)] = [:]
    for (index, entry) in archive.entries.enumerated() {
      let name = try NumPyCheckpoint.tensorName(entry.name)
      guard entries[name] == nil else {
        throw Failure(
          .badInput, code: "npz.name_collision", "two arrays have the name \(printable(name))")
      }
      entries[name] = (index, try NumPyCheckpoint.header(archive, index))
      names.append(name)
    }
    self.archive = archive
    self.names = names
    self.entries = entries
    let rawCount = entries.values.count { $0.header.dtype == .bfloat16 }
    notes =
      rawCount == 0 ? [] : ["read \(rawCount) arrays of two raw bytes per element as bfloat16"]
  }

  private static func tensorName(_ entry: String) throws(Failure) -> String {
    let name = entry.dropLast(suffix.count).split(separator: "/").joined(separator: ".")
    guard !name.isEmpty, name.utf8.count <= maximumNameByteCount,
      printable(name, limit: name.utf8.count) == name
    else {
      throw Failure(
        .badInput, code: "npz.name",
        "the array name \(printable(entry)) is empty, too long or unprintable")
    }
    return name
  }

  private static func header(
    _ archive: ZipArchive, _ index: Int
  ) throws(Failure) -> NumPyHeader {
    do throws(Failure) {
      let contents = try archive.contents(index)
      return try NumPyHeader(contents.storage, contents.range)
    } catch {
      var failure = error
      failure.place = failure.place ?? "entry \(printable(archive.entries[index].name))"
      throw failure
    }
  }

  public func description(of name: String) -> TensorDescription? {
    entries[name].map { TensorDescription(dtype: $0.header.dtype, shape: $0.header.shape) }
  }

  /// - Throws: `tensor.missing`; `zip.crc`, `zip.inflate`, `zip.inflate_size`.
  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let entry = entries[name] else {
      throw Failure(
        .badInput, code: "tensor.missing", "the checkpoint has no tensor \(printable(name))")
    }
    let contents = try archive.read(entry.index)
    let header = entry.header
    let start = contents.range.lowerBound + header.byteCount
    guard header.isFortranOrder, header.shape.rank > 1 else {
      return try Tensor(
        dtype: header.dtype, shape: header.shape, storage: contents.storage, byteOffset: start)
    }
    let reversed = Shape(header.shape.dimensions.reversed())
    let stored = try Tensor(
      dtype: header.dtype, shape: reversed, storage: contents.storage, byteOffset: start)
    return stored.permuted(reversed.dimensions.indices.reversed())
  }
}
