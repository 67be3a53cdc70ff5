import Bytes
import CHDF5
import Tensors

/// How the elements of a dataset are stored, which must be one of a few exact forms.
///
/// Comparing with whole types keeps the library's general conversions, where padding, offsets and
/// precision come from the file, out of the way: what remains is at most a swap of bytes.
struct ElementType {
  let dtype: DType
  /// True when the bytes in the file are those in memory.
  let isLittleEndian: Bool
  /// The stored form in little-endian order, as needed in memory, given the dataset.
  let make: @Sendable (hid_t) -> hid_t

  /// Name of the attribute that names the type which integers represent.
  static let attributeName = "torch_dtype"
  /// Name of Keras's attribute that names the type of opaque bytes.
  static let opaqueAttributeName = "dtype"

  /// The type of the elements of `dataset`.
  /// - Throws: `h5.datatype`.
  static func of(_ dataset: borrowing HDF5Handle, place: String) throws(Failure) -> ElementType {
    let stored = try HDF5Handle(
      H5Dget_type(dataset.id),
      orThrow: refusal("h5.datatype", "the type of a dataset cannot be read", at: place))
    if H5Tget_class(stored.id) == H5T_OPAQUE { return try opaque(dataset, stored, place) }
    for form in StoredForm.all {
      let isLittleEndian = form.matches(stored, bigEndian: false)
      guard isLittleEndian || form.matches(stored, bigEndian: true) else { continue }
      let name = try attribute(of: dataset, form, place)
      return ElementType(
        dtype: try form.dtype(named: name, place: place), isLittleEndian: isLittleEndian
      ) { _ in form.make(bigEndian: false) }
    }
    throw refusal(
      "h5.datatype", "\(className(stored)) where plain floats or integers are expected", at: place)
  }

  /// Two opaque bytes that the attribute of Keras calls a bfloat16: NumPy has no type for it, so
  /// h5py stores its bits in the order of the machine.
  private static func opaque(
    _ dataset: borrowing HDF5Handle, _ stored: borrowing HDF5Handle, _ place: String
  ) throws(Failure) -> ElementType {
    let meaning = try attribute(opaqueAttributeName, of: dataset, place)
    let byteCount = H5Tget_size(stored.id)
    guard byteCount == DType.bfloat16.byteCount, meaning == "bfloat16" else {
      let claim = meaning.map { ", called \(printable($0, limit: 32))," } ?? ""
      throw refusal(
        "h5.datatype",
        "elements of \(byteCount) opaque bytes\(claim) where plain floats or integers are expected",
        at: place)
    }
    // The library converts opaque bytes only to a type that is equal to the last bit of its tag.
    return ElementType(dtype: .bfloat16, isLittleEndian: true) { H5Dget_type($0) }
  }

  /// The value of the attribute; nil when there is none, and for types that it does not concern.
  private static func attribute(
    of dataset: borrowing HDF5Handle, _ form: StoredForm, _ place: String
  ) throws(Failure) -> String? {
    form.mayBeNamed ? try attribute(attributeName, of: dataset, place) : nil
  }

  private static func attribute(
    _ name: String, of dataset: borrowing HDF5Handle, _ place: String
  ) throws(Failure) -> String? {
    do throws(Failure) {
      return try TextAttribute.text(name, of: dataset, limit: 32, place: place)
    } catch {
      throw refusal("h5.datatype", error.message, at: place)
    }
  }

  private static func className(_ type: borrowing HDF5Handle) -> String {
    switch H5Tget_class(type.id) {
    case H5T_INTEGER: "integers of an unusual form"
    case H5T_FLOAT: "floats of an unusual form"
    case H5T_STRING: "strings"
    case H5T_COMPOUND: "records (a compound type)"
    case H5T_ENUM: "an enumeration"
    case H5T_VLEN: "sequences of variable length"
    case H5T_ARRAY: "arrays as elements"
    case H5T_REFERENCE: "references"
    case H5T_BITFIELD: "bit fields"
    default: "elements of an unknown type"
    }
  }
}

/// One form in which HDF5 stores numbers, in either byte order.
private struct StoredForm {
  enum Kind {
    case float(exponentBits: Int, DType)
    case integer(signed: Bool, DType?)
  }

  let kind: Kind
  let byteCount: Int

  static let all: [StoredForm] = [
    StoredForm(kind: .float(exponentBits: 8, .float32), byteCount: 4),
    StoredForm(kind: .float(exponentBits: 5, .float16), byteCount: 2),
    StoredForm(kind: .float(exponentBits: 8, .bfloat16), byteCount: 2),
    StoredForm(kind: .float(exponentBits: 11, .float64), byteCount: 8),
    StoredForm(kind: .integer(signed: true, .int8), byteCount: 1),
    StoredForm(kind: .integer(signed: false, .uint8), byteCount: 1),
    StoredForm(kind: .integer(signed: true, .int16), byteCount: 2),
    StoredForm(kind: .integer(signed: false, nil), byteCount: 2),
    StoredForm(kind: .integer(signed: true, .int32), byteCount: 4),
    StoredForm(kind: .integer(signed: true, .int64), byteCount: 8),
  ]

  /// Integers may represent another type, which the attribute then names.
  var mayBeNamed: Bool {
    if case .integer = kind { byteCount <= 2 } else { false }
  }

  func matches(_ stored: borrowing HDF5Handle, bigEndian: Bool) -> Bool {
    guard let type = HDF5Handle(make(bigEndian: bigEndian)) else { return false }
    return H5Tequal(stored.id, type.id) > 0
  }

  func make(bigEndian: Bool) -> hid_t {
    switch kind {
    case .float(let exponentBits, _): chdf5_float_type(byteCount, exponentBits, bigEndian)
    case .integer(let signed, _): chdf5_integer_type(byteCount, signed, bigEndian)
    }
  }

  /// The element type, given the value of the attribute.
  func dtype(named name: String?, place: String) throws(Failure) -> DType {
    let dtype: DType?
    switch (kind, name) {
    case (.float(_, let own), _): dtype = own
    case (.integer, "bfloat16") where byteCount == 2: dtype = .bfloat16
    case (.integer, "bool") where byteCount == 1: dtype = .bool
    case (.integer(_, let own), nil): dtype = own
    case (.integer, .some(let name)):
      throw refusal(
        "h5.datatype",
        "\(byteCount * 8)-bit integers cannot represent \(printable(name, limit: 32))", at: place)
    }
    guard let dtype else {
      throw refusal(
        "h5.datatype", "unsigned 16-bit integers without a named type", at: place,
        hint: "for bfloat16, set the attribute \(ElementType.attributeName) to \"bfloat16\"")
    }
    return dtype
  }
}
