import Bytes
import JSON
import Tensors

/// The header of a safetensors file, checked: its tensors fill the rest of the file exactly.
///
/// Layout: u64 length of the header, the header as a JSON object, data. Source: the format's
/// description at github.com/huggingface/safetensors, and `Formats/safetensors.md`.
struct SafetensorsHeader: Sendable {
  /// `__metadata__`, in the order of the text.
  let metadata: [(key: String, value: String)]
  /// In the order of the text.
  let records: [SafetensorsRecord]
  /// Where the data starts in the file.
  let dataOffset: Int

  /// The format allows 100 MB; a SAM 2 needs about 100 kB.
  static let maximumByteCount = 16 << 20
  static let maximumTensorCount = 100_000
  static let metadataKey = "__metadata__"
  static let lengthByteCount = 8

  /// - Throws: codes that start with `st.`; `model.too_many_tensors`.
  init(_ storage: ByteStorage) throws(Failure) {
    let text = try SafetensorsHeader.text(storage)
    dataOffset = SafetensorsHeader.lengthByteCount + text.count
    let members = try StrictJSON.object(
      text, origin: SafetensorsHeader.lengthByteCount, limit: SafetensorsHeader.maximumByteCount)
    guard members.count <= SafetensorsHeader.maximumTensorCount else {
      throw SafetensorsHeader.countFailure(members.count)
    }
    var metadata: [(key: String, value: String)] = []
    var records: [SafetensorsRecord] = []
    records.reserveCapacity(members.count)
    for (key, value) in members {
      if key == SafetensorsHeader.metadataKey {
        metadata = try SafetensorsHeader.metadata(value)
      } else {
        records.append(try SafetensorsRecord(key, value))
      }
    }
    self.metadata = metadata
    self.records = records
    try checkLayout(dataByteCount: storage.byteCount - dataOffset)
  }

  static func countFailure(_ count: Int) -> Failure {
    Failure(
      .badInput, code: "model.too_many_tensors",
      "the checkpoint holds \(count) tensors; at most \(maximumTensorCount) are accepted")
  }

  /// The JSON text, with the spaces that may follow it.
  private static func text(_ storage: ByteStorage) throws(Failure) -> [UInt8] {
    guard storage.byteCount >= lengthByteCount else {
      throw Failure(
        .badInput, code: "st.header_size",
        "the file has \(storage.byteCount) bytes; the length of the header alone takes 8")
    }
    var cursor = ByteCursor(storage, truncationCode: "st.header_size")
    let declared = try cursor.readUInt64()
    guard declared >= 2, let count = Int(exactly: declared), count <= cursor.remainingCount else {
      throw Failure(
        .badInput, code: "st.header_size",
        "the header should have \(declared) bytes, but only \(cursor.remainingCount) follow",
        place: "byte 0", hint: "the file may be cut short: download or copy it again")
    }
    guard count <= maximumByteCount else {
      throw Failure(
        .badInput, code: "st.header_limit",
        "the header has \(count) bytes; at most \(maximumByteCount) are accepted", place: "byte 0")
    }
    return try cursor.readBytes(count)
  }

  private static func metadata(
    _ value: JSONValue
  ) throws(Failure) -> [(key: String, value: String)] {
    guard let members = value.object else {
      throw Failure(
        .badInput, code: "st.metadata", "\(metadataKey) is \(value.kindName), not an object")
    }
    var texts: [(key: String, value: String)] = []
    for (key, value) in members {
      guard let text = value.string else {
        throw Failure(
          .badInput, code: "st.metadata",
          "\(metadataKey) may hold strings only; \"\(printable(key))\" is \(value.kindName)")
      }
      texts.append((key, text))
    }
    return texts
  }

  /// Every byte of the data belongs to exactly one tensor: nothing can hide in the file.
  private func checkLayout(dataByteCount: Int) throws(Failure) {
    var end = 0
    let sorted = records.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for record in sorted {
      guard record.range.lowerBound == end else {
        let isHole = record.range.lowerBound > end
        throw Failure(
          .badInput, code: isHole ? "st.hole" : "st.overlap",
          "a tensor starts at byte \(record.range.lowerBound) of the data, "
            + "the one before it ends at \(end)",
          place: "tensor \(record.name)")
      }
      end = record.range.upperBound
    }
    guard end == dataByteCount else {
      throw Failure(
        .badInput, code: "st.size",
        "the tensors take \(end) bytes, and \(dataByteCount) follow the header",
        hint: end > dataByteCount ? "the file is cut short: download or copy it again" : nil)
    }
  }
}
