/// The printable characters that represent the 256 bytes in vocabularies of byte-level BPE.
///
/// Bytes that are printable in Latin-1 represent themselves; the others follow from U+0100 on.
/// Tokens 0 to 255 of CLIP's vocabulary are the bytes in this order, and tokens 256 to 511 the same
/// bytes at the end of a word.
enum ByteAlphabet {
  /// All bytes in the order of their tokens.
  static let order: [UInt8] = printing + others

  /// The token of each byte.
  static let tokens: [Int32] = {
    var tokens = [Int32](repeating: 0, count: order.count)
    for (token, byte) in order.enumerated() { tokens[Int(byte)] = Int32(token) }
    return tokens
  }()

  /// The byte that each character represents.
  static let bytes: [Unicode.Scalar: UInt8] = {
    var bytes: [Unicode.Scalar: UInt8] = [:]
    for byte in printing { bytes[Unicode.Scalar(byte)] = byte }
    for (index, byte) in others.enumerated() {
      if let scalar = Unicode.Scalar(0x100 + UInt32(index)) { bytes[scalar] = byte }
    }
    return bytes
  }()

  private static let printing: [UInt8] =
    Array(0x21...0x7E) + Array(0xA1...0xAC) + Array(0xAE...0xFF)
  private static let others: [UInt8] = {
    let known = Set(printing)
    return (0...UInt8.max).filter { !known.contains($0) }
  }()
}
