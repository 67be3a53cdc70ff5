import Bytes
import Tensors

/// The header of a `.npy` array: element type, order of axes and shape.
///
/// Layout (numpy.lib.format): magic, two bytes of version, length of the text in two bytes (version
/// 1) or four (2 and 3), and a Python dictionary of exactly three literals. The text is read as the
/// form that NumPy writes, not as Python.
struct NumPyHeader: Equatable {
  let dtype: DType
  /// Whether elements along the first axis are contiguous.
  let isFortranOrder: Bool
  let shape: Shape
  /// Bytes before the elements.
  let byteCount: Int

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// NumPy pads to 64; its own limit is 10,000.
  private static let maximumTextByteCount = 10_000

  /// Reads the header at the start of `range`, which elements fill exactly.
  ///
  /// - Throws: `npy.header`, `npy.dtype`, `npy.size`; `tensor.rank`, `tensor.shape`.
  init(_ storage: ByteStorage, _ range: Range<Int>) throws(Failure) {
    var cursor = try ByteCursor(storage, range: range, truncationCode: "npy.header")
    guard try cursor.readBytes(NumPyHeader.magic.count) == NumPyHeader.magic else {
      throw NumPyHeader.failure("no NumPy array")
    }
    let version = (try cursor.readUInt8(), try cursor.readUInt8())
    guard (1...3).contains(version.0), version.1 == 0 else {
      throw NumPyHeader.failure("the version \(version.0).\(version.1), not 1.0 to 3.0")
    }
    let textByteCount =
      version.0 == 1 ? Int(try cursor.readUInt16()) : Int(try cursor.readUInt32())
    guard textByteCount <= NumPyHeader.maximumTextByteCount,
      let text = try cursor.readUTF8(byteCount: textByteCount)
    else { throw NumPyHeader.failure("a text that is too long or not UTF-8") }
    let fields = try NumPyHeaderText(text)
    dtype = try NumPyHeader.dtype(fields.type)
    isFortranOrder = fields.isFortranOrder
    shape = try Shape(checking: fields.shape)
    byteCount = cursor.offset - range.lowerBound
    // At most 2^40 elements of at most 8 bytes: no overflow.
    guard cursor.remainingCount == shape.elementCount * dtype.byteCount else {
      throw Failure(
        .badInput, code: "npy.size",
        "\(cursor.remainingCount) bytes follow the header, which cannot be \(dtype.name)\(shape)")
    }
  }

  // MARK: - Element types

  private static let dtypes: [(name: String, dtype: DType)] = [
    ("<f4", .float32), ("<f2", .float16), ("<f8", .float64), ("|i1", .int8), ("|u1", .uint8),
    ("<i2", .int16), ("<i4", .int32), ("<i8", .int64), ("|b1", .bool),
    // NumPy's form of the bfloat16 of ml_dtypes, a type that is not its own.
    ("<V2", .bfloat16), ("|V2", .bfloat16),
  ]

  private static func dtype(_ name: String) throws(Failure) -> DType {
    if let known = dtypes.first(where: { $0.name == name }) { return known.dtype }
    let what =
      name.hasPrefix("|O")
      ? "pickled Python objects" : name.hasPrefix(">") ? "big-endian elements" : "elements"
    throw Failure(
      .badInput, code: "npy.dtype",
      "\(what) of the type \"\(printable(name, limit: 40))\" are not supported",
      hint: "in Python: numpy.savez(path, **{name: array.astype('<f4')})")
  }

  static func failure(_ what: String) -> Failure {
    Failure(
      .badInput, code: "npy.header", "the header of an array is not as NumPy writes it: \(what)")
  }
}
