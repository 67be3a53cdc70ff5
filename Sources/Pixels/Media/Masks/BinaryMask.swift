/// One object's pixels, row by row: true inside.
public struct BinaryMask: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// [height, width].
  public var bits: [Bool]

  /// `bits` must hold width * height values.
  public init(width: Int, height: Int, bits: [Bool]) {
    precondition(width > 0 && height > 0 && bits.count == width * height)
    self.width = width
    self.height = height
    self.bits = bits
  }

  /// An empty mask.
  public init(width: Int, height: Int) {
    self.init(
      width: width, height: height, bits: [Bool](repeating: false, count: width * height))
  }

  /// The pixels whose logit is above `threshold`; `logits` is [height, width].
  public init(width: Int, height: Int, logits: [Float], threshold: Float = 0) {
    self.init(width: width, height: height, bits: logits.map { $0 > threshold })
  }

  /// The pixel in column `x` of row `y`, both inside the mask.
  public subscript(x: Int, y: Int) -> Bool {
    get { bits[y * width + x] }
    set { bits[y * width + x] = newValue }
  }
}

extension BinaryMask {
  /// Number of pixels inside.
  public var area: Int { bits.reduce(0) { $0 + ($1 ? 1 : 0) } }

  /// The smallest box around the pixels inside, or nil for an empty mask.
  ///
  /// As in the official `masks_to_boxes`, the far corner is the last pixel inside, not one beyond.
  public var boundingBox: PixelBox? {
    var (left, top, right, bottom) = (width, height, -1, -1)
    for y in 0..<height {
      let row = bits[y * width..<(y + 1) * width]
      guard let first = row.firstIndex(of: true), let last = row.lastIndex(of: true) else {
        continue
      }
      left = min(left, first - y * width)
      right = max(right, last - y * width)
      top = min(top, y)
      bottom = y
    }
    guard right >= 0 else { return nil }
    return PixelBox(left: left, top: top, right: right, bottom: bottom)
  }

  /// Intersection over union, 0...1; two empty masks agree completely.
  public func intersectionOverUnion(_ other: BinaryMask) -> Double {
    precondition(width == other.width && height == other.height)
    var intersection = 0
    var union = 0
    for (a, b) in zip(bits, other.bits) {
      intersection += a && b ? 1 : 0
      union += a || b ? 1 : 0
    }
    return union == 0 ? 1 : Double(intersection) / Double(union)
  }
}

/// A box given by its first and last column and row, all inclusive.
public struct PixelBox: Sendable, Hashable {
  public var left: Int
  public var top: Int
  public var right: Int
  public var bottom: Int

  public init(left: Int, top: Int, right: Int, bottom: Int) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }
}
