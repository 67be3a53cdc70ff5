public import Media

/// The run-length code of Label Studio's brush.
///
/// A bit stream, most significant bit first. Header: the number of values (32 bits), the bits per
/// value minus one (5), and four bit counts for run lengths, each minus one (4 each). Then for each
/// run: a 1, the index of the bit count used (2), the length minus one, and the value. The values
/// are the mask repeated four times (red, green, blue, alpha), row by row, each 0 or 255.
/// Algorithm: the `rle-pack` package of thi.ng/umbrella, which Label Studio uses.
public enum BrushRuns {
  private static let lengthBits = [3, 4, 8, 16]

  /// The encoding of `mask`, padded with zeros to whole bytes.
  public static func encode(_ mask: BinaryMask) -> [UInt8] {
    var stream = BitStream()
    stream.append(4 * mask.bits.count, bits: 32)
    stream.append(8 - 1, bits: 5)
    for bits in lengthBits { stream.append(bits - 1, bits: 4) }
    var start = 0
    for index in 1...mask.bits.count {
      guard index == mask.bits.count || mask.bits[index] != mask.bits[start] else { continue }
      append(4 * (index - start), mask.bits[start], to: &stream)
      start = index
    }
    return stream.finished()
  }

  private static func append(_ length: Int, _ isInside: Bool, to stream: inout BitStream) {
    var rest = length
    while rest > 0 {
      let run = min(rest, 1 << 16)
      let size = lengthBits.firstIndex { run <= 1 << $0 } ?? 3
      stream.append(1, bits: 1)
      stream.append(size, bits: 2)
      stream.append(run - 1, bits: lengthBits[size])
      stream.append(isInside ? 255 : 0, bits: 8)
      rest -= run
    }
  }
}

/// Packs bits into bytes, the first bit as the highest.
private struct BitStream {
  private var bytes: [UInt8] = []
  private var pending: UInt64 = 0
  private var pendingCount = 0

  /// Appends the lowest `bits` bits of `value`, at most 32.
  mutating func append(_ value: Int, bits: Int) {
    pending = pending << UInt64(bits) | UInt64(truncatingIfNeeded: value) & (1 << UInt64(bits) - 1)
    pendingCount += bits
    while pendingCount >= 8 {
      pendingCount -= 8
      bytes.append(UInt8(truncatingIfNeeded: pending >> UInt64(pendingCount)))
    }
  }

  func finished() -> [UInt8] {
    guard pendingCount > 0 else { return bytes }
    return bytes + [UInt8(truncatingIfNeeded: pending << UInt64(8 - pendingCount))]
  }
}
