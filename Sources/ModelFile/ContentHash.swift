import Bytes
import Crypto

/// SHA-256 of bytes that come in pieces.
struct ContentHash {
  private var state = SHA256()

  mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bufferPointer: bytes) }

  /// The 32 bytes of the hash of everything so far.
  var value: [UInt8] { Array(state.finalize()) }

  static func of(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = ContentHash()
    hash.update(bytes)
    return hash.value
  }
}

/// `bytes` as lower-case hexadecimal digits, as `sha256sum` prints them.
func hexadecimalText(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(
    decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
