import Bytes
import JSON
import Tensors

/// One tensor of a header: type, shape, and position in the data.
struct SafetensorsRecord: Sendable {
  let name: String
  let dtype: DType
  let shape: Shape
  /// Bytes of the data that follows the header.
  let range: Range<Int>

  var description: TensorDescription { TensorDescription(dtype: dtype, shape: shape) }

  static let maximumNameByteCount = 1024
  private static let keys: Set<String> = ["dtype", "shape", "data_offsets"]

  /// Reads the member `name` of a header.
  ///
  /// - Throws: `st.name`, `st.entry`, `st.dtype`, `st.shape`, `st.offsets`, `st.json_number`.
  init(_ name: String, _ value: JSONValue) throws(Failure) {
    try SafetensorsRecord.checkName(name)
    self.name = name
    let place = "tensor \(name)"
    guard let members = value.object, members.count == SafetensorsRecord.keys.count,
      members.allSatisfy({ SafetensorsRecord.keys.contains($0.key) })
    else {
      throw Failure(
        .badInput, code: "st.entry", "a tensor is described by dtype, shape and data_offsets",
        place: place)
    }
    dtype = try SafetensorsRecord.dtype(value["dtype"], place)
    shape = try SafetensorsRecord.shape(value["shape"], place)
    range = try SafetensorsRecord.range(value["data_offsets"], place)
    // At most 2^40 elements of at most 8 bytes: no overflow.
    guard range.count == shape.elementCount * dtype.byteCount else {
      throw Failure(
        .badInput, code: "st.offsets",
        "\(range.count) bytes cannot be \(dtype.safetensorsName)\(shape)", place: place)
    }
  }

  /// - Throws: `st.name` unless the name is printable and neither empty nor too long.
  static func checkName(_ name: String) throws(Failure) {
    guard !name.isEmpty, name.utf8.count <= maximumNameByteCount,
      printable(name, limit: maximumNameByteCount) == name
    else {
      throw Failure(
        .badInput, code: "st.name",
        "the tensor name \"\(printable(name))\" is empty, too long or unprintable")
    }
  }

  private static func dtype(_ value: JSONValue?, _ place: String) throws(Failure) -> DType {
    guard let name = value?.string else {
      throw Failure(.badInput, code: "st.dtype", "the dtype is not a string", place: place)
    }
    do {
      return try DType(safetensorsName: name)
    } catch {
      var failure = error
      failure.place = place
      throw failure
    }
  }

  private static func shape(_ value: JSONValue?, _ place: String) throws(Failure) -> Shape {
    let sizes = try StrictJSON.counts(value, "sizes", code: "st.shape", place: place)
    do {
      return try Shape(checking: sizes)
    } catch {
      throw Failure(.badInput, code: "st.shape", error.message, place: place)
    }
  }

  private static func range(_ value: JSONValue?, _ place: String) throws(Failure) -> Range<Int> {
    let ends = try StrictJSON.counts(value, "offsets", code: "st.offsets", place: place)
    guard ends.count == 2, ends[0] <= ends[1] else {
      throw Failure(
        .badInput, code: "st.offsets", "the offsets \(ends) are not a start and an end",
        place: place)
    }
    return ends[0]..<ends[1]
  }
}
