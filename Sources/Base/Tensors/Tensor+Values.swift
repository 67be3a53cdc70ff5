// Facts about all elements of a tensor, found without copying it.

extension Tensor {
  /// Number of elements that are NaN or infinite; 0 for integers.
  public var nonFiniteCount: Int {
    // Both have all exponent bits set.
    switch dtype {
    case .float32: count(UInt32.self) { $0 & 0x7F80_0000 == 0x7F80_0000 }
    case .float16: count(UInt16.self) { $0 & 0x7C00 == 0x7C00 }
    case .bfloat16: count(UInt16.self) { $0 & 0x7F80 == 0x7F80 }
    case .float64: count(UInt64.self) { $0 & 0x7FF0 << 48 == 0x7FF0 << 48 }
    case .int8, .uint8, .int16, .int32, .int64, .bool: 0
    }
  }

  private func count<Bits: FixedWidthInteger & BitwiseCopyable>(
    _: Bits.Type, _ matches: (Bits) -> Bool
  ) -> Int {
    withUnsafeBytes { bytes in
      var count = 0
      for i in 0..<elementCount {
        let bits = bytes.loadUnaligned(
          fromByteOffset: i &* MemoryLayout<Bits>.size, as: Bits.self)
        count &+= matches(bits) ? 1 : 0
      }
      return count
    }
  }
}
