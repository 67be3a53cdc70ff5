import Bytes

/// The frames of a damaged video file that can be decoded, found by decoding all of it once.
///
/// A frame keeps its number from the whole file: the rank of its time stamp among those of all
/// packets. If time stamps are missing or repeated, the frames after a gap move up.
struct DecodableFrames: Equatable {
  /// The numbers of the frames that the decoder returns, in its order, which is ascending.
  let numbers: [Int]
  /// The total number of frames, including those that cannot be decoded.
  let count: Int
  /// Whether time stamps identify missing frames; otherwise those after a gap move up.
  let areNumbersExact: Bool

  /// Takes the time stamps, as written by the prober, of the packets to be shown and of the decoded
  /// frames; nil where there is no time stamp.
  ///
  /// `lostCount` more frames are known to be missing at the end.
  init(packets: [Int?], frames: [Int?], lostCount: Int) {
    let stamps = packets.compactMap(\.self).sorted()
    var numbers: [Int] = []
    var rank = 0
    for frame in frames.compactMap(\.self) {
      while rank < stamps.count, stamps[rank] < frame { rank += 1 }
      guard rank < stamps.count, stamps[rank] == frame else { break }
      numbers.append(rank)
      rank += 1
    }
    let areDistinct = zip(stamps, stamps.dropFirst()).allSatisfy { $0 < $1 }
    areNumbersExact =
      numbers.count == frames.count && stamps.count == packets.count && areDistinct
    self.numbers = areNumbersExact ? numbers : Array(frames.indices)
    count = max(packets.count, frames.count) + max(lostCount, 0)
  }

  /// Whether frame `number` can be decoded.
  func contains(_ number: Int) -> Bool {
    var (low, high) = (0, numbers.count)
    while low < high {
      let middle = (low + high) / 2
      if numbers[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low < numbers.count && numbers[low] == number
  }
}
