import Bytes
import CZlib
import TestSupport
import Testing

@Suite struct CRC32Tests {
  @Test func checkValueOfTheStandard() {
    #expect(Array("123456789".utf8).withUnsafeBytes { CRC32.checksum($0) } == 0xCBF4_3926)
    #expect([UInt8]().withUnsafeBytes { CRC32.checksum($0) } == 0)
  }

  /// Tables and folding against the definition, bit by bit, at every length around their steps of
  /// 8 and 64 and split at an odd place.
  @Test func equalsTheBitwiseDefinition() {
    var random = SeededRandom(seed: 7)
    let bytes = (0..<270).map { _ in UInt8.random(in: 0...255, using: &random) }
    for count in 0...bytes.count {
      let part = Array(bytes[..<count])
      #expect(part.withUnsafeBytes { CRC32.checksum($0) } == bitwise(part))
      var crc = CRC32()
      Array(part[..<(count / 3)]).withUnsafeBytes { crc.update($0) }
      Array(part[(count / 3)...]).withUnsafeBytes { crc.update($0) }
      #expect(crc.value == bitwise(part))
    }
  }

  /// Long inputs at every place of a line of the cache, against zlib.
  @Test func equalsZlib() {
    var random = SeededRandom(seed: 8)
    let bytes = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    for start in 0..<64 {
      let count = Int.random(in: 0...(bytes.count - start), using: &random)
      bytes.withUnsafeBytes { bytes in
        let part = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)])
        let expected = crc32(
          0, part.baseAddress?.assumingMemoryBound(to: UInt8.self), uInt(count))
        #expect(UInt(CRC32.checksum(part)) == expected)
      }
    }
  }

  private func bitwise(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB8_8320 }
    }
    return ~crc
  }
}
