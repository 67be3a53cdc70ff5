import Bytes
import TestSupport
import Testing

@Suite struct CRC32Tests {
  @Test func checkValueOfTheStandard() {
    #expect(Array("123456789".utf8).withUnsafeBytes { CRC32.checksum($0) } == 0xCBF4_3926)
    #expect([UInt8]().withUnsafeBytes { CRC32.checksum($0) } == 0)
  }

  /// The tables against the definition, bit by bit, at every length and split around a step of 8.
  @Test func equalsTheBitwiseDefinition() {
    var random = SeededRandom(seed: 7)
    let bytes = (0..<67).map { _ in UInt8.random(in: 0...255, using: &random) }
    for count in 0...bytes.count {
      let part = Array(bytes[..<count])
      #expect(part.withUnsafeBytes { CRC32.checksum($0) } == bitwise(part))
      var crc = CRC32()
      Array(part[..<(count / 3)]).withUnsafeBytes { crc.update($0) }
      Array(part[(count / 3)...]).withUnsafeBytes { crc.update($0) }
      #expect(crc.value == bitwise(part))
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
