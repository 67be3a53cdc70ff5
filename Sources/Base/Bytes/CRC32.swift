internal import CKernels

/// The CRC-32 of zip, gzip and PNG (reflected polynomial 0xEDB88320).
///
/// Folds long inputs with carry-less products where the CPU has them, and processes the rest in
/// steps of eight bytes with eight tables ("slicing-by-8", Kounavis and Berry 2005).
public struct CRC32: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  public init() {}

  /// Checksum of everything added so far.
  public var value: UInt32 { ~state }

  /// Checksum of `bytes`.
  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32()
    crc.update(bytes)
    return crc.value
  }

  /// Adds `bytes`.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    CRC32.tables.withUnsafeBufferPointer { tables in
      let done = fold(bytes, tables)
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      state = CRC32.advance(state, over: rest, tables: tables)
    }
  }

  /// Adds as many bytes as can be folded, and returns their number.
  private mutating func fold(
    _ bytes: UnsafeRawBufferPointer, _ tables: UnsafeBufferPointer<UInt32>
  ) -> Int {
    let count = bytes.count & ~(CRC32.foldedStep - 1)
    guard count > 0 else { return 0 }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { folded in
      folded.initialize(repeating: 0)
      guard sam2_crc32_fold(state, bytes.baseAddress, count, folded.baseAddress) != 0 else {
        return 0
      }
      state = CRC32.advance(0, over: UnsafeRawBufferPointer(folded), tables: tables)
      return count
    }
  }

  /// Folding takes a multiple of this number of bytes.
  private static let foldedStep = 64

  private static func advance(
    _ start: UInt32, over bytes: UnsafeRawBufferPointer, tables: UnsafeBufferPointer<UInt32>
  ) -> UInt32 {
    var crc = start
    var i = 0
    while i &+ 8 <= bytes.count {
      let low = crc ^ UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: i, as: UInt32.self))
      let high = UInt32(
        littleEndian: bytes.loadUnaligned(fromByteOffset: i &+ 4, as: UInt32.self))
      crc =
        tables[0x700 | Int(low & 0xFF)] ^ tables[0x600 | Int(low >> 8 & 0xFF)]
        ^ tables[0x500 | Int(low >> 16 & 0xFF)] ^ tables[0x400 | Int(low >> 24)]
      crc ^=
        tables[0x300 | Int(high & 0xFF)] ^ tables[0x200 | Int(high >> 8 & 0xFF)]
        ^ tables[0x100 | Int(high >> 16 & 0xFF)] ^ tables[Int(high >> 24)]
      i &+= 8
    }
    while i < bytes.count {
      crc = tables[Int((crc ^ UInt32(bytes[i])) & 0xFF)] ^ (crc >> 8)
      i &+= 1
    }
    return crc
  }

  /// Table k holds each byte's contribution when k more bytes follow; 8 x 256 entries.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB8_8320 }
      tables[byte] = crc
    }
    for i in 256..<tables.count {
      let previous = tables[i - 256]
      tables[i] = (previous >> 8) ^ tables[Int(previous & 0xFF)]
    }
    return tables
  }()
}
