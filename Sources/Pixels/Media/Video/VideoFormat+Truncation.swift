import Bytes

extension VideoFormat {
  /// Reads a range of a file; a range that extends beyond its end gives fewer bytes.
  private typealias Reader = (Range<Int>) throws(Failure) -> [UInt8]

  /// Whether a file of this format with `byteCount` bytes ends in the middle of its structure, as
  /// far as its outermost parts show.
  func isTruncated(_ path: String, byteCount: Int) throws(Failure) -> Bool {
    try WholeFile.read(path) { (read: Reader) throws(Failure) in
      switch self {
      case .mov: try VideoFormat.endsInBox(byteCount, read)
      case .matroska: try VideoFormat.endsInSegment(byteCount, read)
      case .avi: VideoFormat.number(try read(4..<8).reversed()) + 8 > byteCount
      case .mpegts: try VideoFormat.endsInPacket(byteCount, read)
      }
    }
  }

  /// The number with the given bytes, from the highest to the lowest.
  private static func number(_ bytes: some Sequence<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  // MARK: - MP4

  /// Maximum number of boxes to examine; a recording has one or two for each of its fragments.
  private static let boxLimit = 100_000
  /// Names of the boxes found in video files.
  private static let boxNames: Set<String> = [
    "ftyp", "styp", "moov", "moof", "mdat", "free", "skip", "wide", "sidx", "ssix", "emsg", "prft",
    "mfra", "meta", "uuid", "udta", "pnot",
  ]

  private static func endsInBox(_ byteCount: Int, _ read: Reader) throws(Failure) -> Bool {
    var offset = 0
    for _ in 0..<boxLimit where offset + 8 <= byteCount {
      let head = try read(offset..<offset + 16)
      // Cameras append their own data, which is not a box.
      guard head.count >= 8, boxNames.contains(String(decoding: head[4..<8], as: UTF8.self)) else {
        return false
      }
      var size = number(head[..<4])
      // The last box may extend to the end, and a large one has its size after its name.
      if size == 0 { return false }
      if size == 1 {
        guard head.count == 16, head[8] == 0 else { return true }
        size = number(head[8...])
      }
      guard size >= 8 else { return false }
      guard size <= byteCount - offset else { return true }
      offset += size
    }
    return false
  }

  // MARK: - Matroska

  /// Whether the segment, which holds everything except the header, extends beyond the end.
  private static func endsInSegment(_ byteCount: Int, _ read: Reader) throws(Failure) -> Bool {
    let head = try read(0..<64)
    guard let header = elementSize(in: head, at: 4) else { return false }
    let start = 4 + header.length + header.size
    guard start < byteCount - 12 else { return false }
    let segment = try read(start..<start + 12)
    guard segment.starts(with: [0x18, 0x53, 0x80, 0x67]),
      let found = elementSize(in: segment, at: 4)
    else { return false }
    return found.size > byteCount - start - 4 - found.length
  }

  /// A variable-length size; nil for an unknown size, as in live streams.
  private static func elementSize(
    in bytes: [UInt8], at offset: Int
  ) -> (size: Int, length: Int)? {
    guard offset < bytes.count, bytes[offset] != 0 else { return nil }
    let length = bytes[offset].leadingZeroBitCount + 1
    guard offset + length <= bytes.count else { return nil }
    let mask = UInt8(truncatingIfNeeded: 0xFF >> length)
    let size = number([bytes[offset] & mask] + bytes[offset + 1..<offset + length])
    return size == 1 << (7 * length) - 1 ? nil : (size, length)
  }

  // MARK: - Transport streams

  private static let (packetByteCount, packetMark) = (188, UInt8(0x47))

  /// Whether any packet at the end does not start where a whole one must; earlier data is ignored.
  private static func endsInPacket(_ byteCount: Int, _ read: Reader) throws(Failure) -> Bool {
    let tail = try read(max(0, byteCount - 3 * packetByteCount)..<byteCount)
    return stride(from: 0, to: tail.count, by: packetByteCount).contains { tail[$0] != packetMark }
  }
}
