import Bytes
import JSON
import Tensors

/// The head of the child's output, as in a safetensors file: eight bytes of length, then a JSON
/// object with the position of each tensor.
///
/// One thing is not in safetensors: a tensor that the HDF5 file holds in one piece and in the right
/// order of bytes has its `file_offset` there, and no data in the stream. The others follow one
/// after the other in the order of the header, without gaps. Reading holds the child to that, since
/// the file that it has read may have taken it over.
struct StreamHeader: Equatable {
  struct Entry: Equatable {
    let name: String
    let dtype: DType
    let shape: Shape
    /// Offset of the elements in the HDF5 file itself, if it stores them as needed; nil for those
    /// that the stream holds.
    var fileOffset: Int?
    /// Name of the layer to which the tensor belongs, where the file has it.
    var layer: String?

    var byteCount: Int { shape.elementCount * dtype.byteCount }
    var streamedByteCount: Int { fileOffset == nil ? byteCount : 0 }
  }

  var entries: [Entry]

  static let maximumByteCount = 100 << 20
  /// The member of safetensors that is not a tensor, and not a name here.
  static let metadataKey = "__metadata__"

  private static let dtypeNames: [(name: String, dtype: DType)] = [
    ("F32", .float32), ("F16", .float16), ("BF16", .bfloat16), ("F64", .float64), ("I8", .int8),
    ("U8", .uint8), ("I16", .int16), ("I32", .int32), ("I64", .int64), ("BOOL", .bool),
  ]

  // MARK: - Writing

  /// Length and JSON text, padded with spaces to a multiple of 64 so that data are aligned.
  func encoded() -> [UInt8] {
    var members: [(key: String, value: JSONValue)] = []
    var offset = 0
    for entry in entries {
      let dtype = StreamHeader.dtypeNames.first { $0.dtype == entry.dtype }?.name ?? ""
      let end = offset + entry.streamedByteCount
      let place: (key: String, value: JSONValue)
      if let fileOffset = entry.fileOffset {
        place = ("file_offset", JSONValue(fileOffset))
      } else {
        place = ("data_offsets", .array([JSONValue(offset), JSONValue(end)]))
      }
      var fields: [(key: String, value: JSONValue)] = [
        ("dtype", .string(dtype)),
        ("shape", .array(entry.shape.dimensions.map { JSONValue($0) })), place,
      ]
      if let layer = entry.layer { fields.append(("layer", .string(layer))) }
      members.append((entry.name, .object(fields)))
      offset = end
    }
    var text = JSONValue.object(members).utf8()
    while (text.count + 8) % 64 != 0 { text.append(UInt8(ascii: " ")) }
    return littleEndianBytes(UInt64(text.count)) + text
  }

  // MARK: - Reading

  /// Reads the header at the start of `storage`; returns the offset of the data too.
  /// - Throws: `h5.stream`.
  static func read(_ storage: ByteStorage) throws(Failure) -> (header: StreamHeader, end: Int) {
    do throws(Failure) {
      var cursor = ByteCursor(storage, truncationCode: "h5.stream")
      let byteCount = try cursor.readCount64()
      guard byteCount <= maximumByteCount else { throw problem("\(byteCount) bytes of header") }
      var limits = JSONLimits()
      limits.byteCount = maximumByteCount
      limits.depth = 4
      let json = try JSONValue(parsing: try cursor.readBytes(byteCount), limits: limits)
      return (try parse(json), cursor.offset)
    } catch {
      throw malformed(error.message)
    }
  }

  private static func parse(_ json: JSONValue) throws(Failure) -> StreamHeader {
    guard let members = json.object else { throw problem("no object") }
    var header = StreamHeader(entries: [])
    var offset = 0
    for (key, value) in members {
      var entry = try entry(key, value)
      if value["file_offset"] != nil {
        entry.fileOffset = try value.requiredInt("file_offset")
      } else {
        let offsets = try value.requiredInts("data_offsets")
        guard let end = checkedSum(offset, entry.byteCount), offsets == [offset, end] else {
          throw problem("the tensors do not follow each other")
        }
        offset = end
      }
      header.entries.append(entry)
    }
    guard !header.entries.isEmpty else { throw problem("no tensors") }
    return header
  }

  /// Checks the child's claims against its limits: the number of tensors, ranges of the file that
  /// are equal or disjoint, and a sum of sizes that the file can account for.
  /// - Throws: `h5.stream`.
  func check(against limits: ChildLimits) throws(Failure) {
    guard entries.count <= ObjectWalker.maximumTensorCount else {
      throw StreamHeader.malformed("\(entries.count) tensors")
    }
    var total = 0
    var ranges: Set<Range<Int>> = []
    for entry in entries {
      guard let sum = checkedSum(total, entry.byteCount), sum <= limits.declaredByteCount else {
        throw StreamHeader.malformed(
          "tensors of more than \(limits.declaredByteCount) bytes together")
      }
      total = sum
      guard let offset = entry.fileOffset else { continue }
      let range = checkedRange(start: offset, count: entry.byteCount, in: 0..<limits.fileByteCount)
      guard let range else { throw StreamHeader.malformed("a tensor outside the file") }
      if !range.isEmpty { ranges.insert(range) }
    }
    var end = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      guard range.lowerBound >= end else {
        throw StreamHeader.malformed("tensors that overlap in the file")
      }
      end = range.upperBound
    }
  }

  private static func entry(_ name: String, _ value: JSONValue) throws(Failure) -> Entry {
    let dtypeName = try value.requiredString("dtype")
    guard let dtype = dtypeNames.first(where: { $0.name == dtypeName })?.dtype else {
      throw problem("the type \(printable(dtypeName))")
    }
    guard !name.isEmpty, name != metadataKey, name.utf8.count <= ObjectWalker.maximumNameByteCount,
      printable(name, limit: name.utf8.count) == name
    else { throw problem("the name \(printable(name))") }
    return Entry(
      name: name, dtype: dtype, shape: try Shape(checking: try value.requiredInts("shape")),
      layer: try layer(value))
  }

  private static func layer(_ value: JSONValue) throws(Failure) -> String? {
    guard value["layer"] != nil else { return nil }
    let layer = try value.requiredString("layer")
    guard !layer.isEmpty, layer.utf8.count <= LayerNames.maximumByteCount,
      printable(layer, limit: layer.utf8.count) == layer
    else { throw problem("the layer \(printable(layer))") }
    return layer
  }

  /// A failure of which only the words matter: `read` completes it.
  private static func problem(_ what: String) -> Failure {
    Failure(.badInput, code: "h5.stream", what)
  }

  static func malformed(_ what: String) -> Failure {
    Failure(
      .badInput, code: "h5.stream", "the process that read the HDF5 file answered nonsense: \(what)"
    )
  }
}
