public import Bytes

/// A mask as run lengths: COCO's RLE.
///
/// Pixels are taken column by column from the left, each from the top; runs alternate between
/// outside and inside, starting outside (with length 0 if the first pixel is inside).
public struct RunLengthMask: Sendable, Hashable {
  public let width: Int
  public let height: Int
  /// Lengths of the runs; they add up to width * height.
  public let counts: [Int]

  /// - Throws: `rle.counts` unless all runs are non-negative and fill the picture exactly.
  public init(width: Int, height: Int, counts: [Int]) throws(Failure) {
    var total = 0
    let (pixelCount, overflows) = width.multipliedReportingOverflow(by: height)
    for count in counts {
      guard width > 0, height > 0, !overflows, count >= 0, count <= pixelCount - total else {
        throw RunLengthMask.misfit(width, height)
      }
      total += count
    }
    guard width > 0, height > 0, !overflows, total == pixelCount else {
      throw RunLengthMask.misfit(width, height)
    }
    (self.width, self.height, self.counts) = (width, height, counts)
  }

  /// The runs of `mask`.
  public init(_ mask: BinaryMask) {
    self.init(mask, left: 0, top: 0, width: mask.width, height: mask.height)
  }

  /// The runs of a `width` x `height` picture that is empty except for `mask`, whose first pixel is
  /// in column `left` of row `top`.
  ///
  /// `mask` must be inside the picture.
  public init(_ mask: BinaryMask, left: Int, top: Int, width: Int, height: Int) {
    precondition(left >= 0 && top >= 0)
    precondition(left + mask.width <= width && top + mask.height <= height)
    let changes = ColumnChanges(mask)
    var counts: [Int] = []
    var position = 0
    changes.forEach(left: left, top: top, height: height) { change in
      counts.append(change - position)
      position = change
    }
    // A run that ends at the end of the picture is not followed by an empty one.
    if position < width * height || counts.isEmpty { counts.append(width * height - position) }
    (self.width, self.height, self.counts) = (width, height, counts)
  }

  /// Number of pixels inside.
  public var area: Int {
    stride(from: 1, to: counts.count, by: 2).reduce(0) { $0 + counts[$1] }
  }

  /// The smallest box around the pixels inside, as in `BinaryMask.boundingBox`; nil if there are
  /// none.
  public var boundingBox: PixelBox? {
    var (left, top, right, bottom) = (width, height, -1, -1)
    var position = 0
    for (index, count) in counts.enumerated() {
      defer { position += count }
      guard !index.isMultiple(of: 2), count > 0 else { continue }
      let (x0, y0) = position.quotientAndRemainder(dividingBy: height)
      let (x1, y1) = (position + count - 1).quotientAndRemainder(dividingBy: height)
      (left, right) = (min(left, x0), max(right, x1))
      // A run across several columns includes the bottom of one and the top of the next.
      top = x0 == x1 ? min(top, y0) : 0
      bottom = x0 == x1 ? max(bottom, y1) : height - 1
    }
    return right < 0 ? nil : PixelBox(left: left, top: top, right: right, bottom: bottom)
  }

  /// The mask pixel by pixel.
  public var mask: BinaryMask {
    var mask = BinaryMask(width: width, height: height)
    mask.bits.withUnsafeMutableBufferPointer { bits in
      var position = 0
      for (index, count) in counts.enumerated() {
        defer { position += count }
        guard !index.isMultiple(of: 2) else { continue }
        var (x, y) = position.quotientAndRemainder(dividingBy: height)
        var rest = count
        while rest > 0 {
          let run = min(rest, height - y)
          for row in y..<y + run { bits[row * width + x] = true }
          rest -= run
          (x, y) = (x + 1, 0)
        }
      }
    }
    return mask
  }

  private static func misfit(_ width: Int, _ height: Int) -> Failure {
    Failure(
      .badInput, code: "rle.counts",
      "the run lengths do not fill a mask of \(width)x\(height) pixels exactly")
  }
}
