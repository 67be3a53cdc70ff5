import Bytes

/// Appends little-endian values to bytes.
struct ByteEncoder {
  private(set) var bytes: [UInt8] = []

  mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ value: Float) { append(value.bitPattern) }

  mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  mutating func appendZeros(_ count: Int) { append(repeatElement(0, count: count)) }

  /// Ends a record of fixed size with the CRC-32 of its contents so far.
  mutating func appendChecksum() {
    append(bytes.withUnsafeBytes { CRC32.checksum($0) })
  }
}

/// Whether `name` is allowed in a file: short, and without control characters, because names end up
/// in terminals.
func isAcceptableName(_ name: String) -> Bool {
  name.utf8.count <= ModelFile.Limit.nameByteCount
    && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
}
