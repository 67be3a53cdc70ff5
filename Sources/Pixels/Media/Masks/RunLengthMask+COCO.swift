public import Bytes

// COCO's string form: from the fourth run on, differences from the run two before; each number is
// split into groups of five bits, lowest first, with the sixth bit set if more follow; adding 48
// makes each group a character.
// Algorithm: rleToString and rleFrString of the COCO API.

extension RunLengthMask {
  /// The runs as the string stored in COCO files under "counts".
  public var cocoCounts: String {
    var text: [UInt8] = []
    for (index, count) in counts.enumerated() {
      var rest = index > 2 ? count - counts[index - 2] : count
      while true {
        let group = UInt8(rest & 0x1F)
        rest >>= 5
        let isNegative = group & 0x10 != 0
        // Only copies of the sign bit would follow, which the reader fills in.
        let isLast = isNegative ? rest == -1 : rest == 0
        text.append((isLast ? group : group | 0x20) + 48)
        if isLast { break }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads the string stored in COCO files under "counts".
  /// - Throws: `rle.text` for characters or numbers that the format does not allow; `rle.counts`
  ///   unless the runs fill the mask.
  public init(width: Int, height: Int, cocoCounts: String) throws(Failure) {
    var counts: [Int] = []
    var (value, shift) = (0, 0)
    for (position, character) in cocoCounts.utf8.enumerated() {
      // 2^40 pixels are more than any picture has, and leave headroom in every sum.
      guard (48..<112).contains(character), shift <= 40 else {
        throw Failure(
          .badInput, code: "rle.text", "the string is not a run-length code of COCO",
          place: "character \(position)")
      }
      let group = Int(character) - 48
      value |= (group & 0x1F) << shift
      shift += 5
      guard group & 0x20 == 0 else { continue }
      if group & 0x10 != 0 { value |= -1 << shift }
      counts.append(counts.count > 2 ? value &+ counts[counts.count - 2] : value)
      (value, shift) = (0, 0)
    }
    guard shift == 0 else {
      throw Failure(.badInput, code: "rle.text", "the run-length code ends within a number")
    }
    try self.init(width: width, height: height, counts: counts)
  }
}
