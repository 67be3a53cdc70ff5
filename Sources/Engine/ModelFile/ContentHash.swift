import Bytes
import Crypto

/// SHA-256 of bytes that arrive in pieces.
struct ContentHash {
  private var state = SHA256()

  mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bufferPointer: bytes) }

  /// The 32-byte hash of everything so far.
  var value: [UInt8] { Array(state.finalize()) }

  /// The hash of a part of `storage`, whose pages are released once read.
  static func of(_ storage: ByteStorage, _ range: Range<Int>) -> [UInt8] {
    var hash = ContentHash()
    storage.forEachPiece(of: range) { hash.update($0) }
    return hash.value
  }
}

/// `bytes` as lower-case hexadecimal digits, as `sha256sum` prints them.
func hexadecimalText(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(
    decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
