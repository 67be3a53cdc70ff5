import Bytes

/// A `.ggml` file as the converter of sam3.cpp writes it, right or wrong.
struct GGMLFile {
  var magic: UInt32 = 0x7361_6D32
  var version: UInt32 = 1
  var weightType: UInt32 = 0
  /// Nil for the number of records.
  var count: UInt32?
  var imageSize: UInt32 = 256
  var trunk: UInt32 = 1
  var settingCount = 57
  var records: [[UInt8]] = []

  /// Adds a record; `sizes` are from the outermost axis in.
  mutating func append(
    _ name: String, _ sizes: [UInt32], type: UInt32 = 0, _ data: [UInt8], padding: UInt8 = 0
  ) {
    let start = 16 + 4 * settingCount + records.reduce(0) { $0 + $1.count }
    var record = littleEndianBytes(UInt32(sizes.count)) + littleEndianBytes(UInt32(name.utf8.count))
    record += littleEndianBytes(type) + sizes.reversed().flatMap(littleEndianBytes)
    record += Array(name.utf8)
    while (start + record.count) % 32 != 0 { record.append(padding) }
    records.append(record + data)
  }

  var bytes: [UInt8] {
    var bytes = littleEndianBytes(magic) + littleEndianBytes(version)
    bytes += littleEndianBytes(weightType) + littleEndianBytes(count ?? UInt32(records.count))
    bytes += littleEndianBytes(imageSize) + littleEndianBytes(trunk)
    bytes += [UInt8](repeating: 0, count: 4 * (settingCount - 2))
    return bytes + records.flatMap { $0 }
  }
}
