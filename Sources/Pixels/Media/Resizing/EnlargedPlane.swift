/// Float maps resized as by `Resizer.bilinear`, row by row: properties of the result are computed
/// without holding all of it in memory.
public struct EnlargedPlane: Sendable {
  public let width: Int
  public let height: Int
  private let fromWidth: Int
  private let fromHeight: Int
  private let columns: LinearTaps
  private let rows: LinearTaps

  public init(fromWidth: Int, fromHeight: Int, width: Int, height: Int) {
    precondition(fromWidth > 0 && fromHeight > 0 && width > 0 && height > 0)
    (self.fromWidth, self.fromHeight) = (fromWidth, fromHeight)
    (self.width, self.height) = (width, height)
    columns = LinearTaps(from: fromWidth, to: width)
    rows = LinearTaps(from: fromHeight, to: height)
  }

  /// Where `plane` [fromHeight, fromWidth] is above `threshold` once resized.
  public func mask(_ plane: UnsafeBufferPointer<Float>, threshold: Float) -> BinaryMask {
    let bits = [Bool](unsafeUninitializedCapacity: width * height) { bits, count in
      let bytes = UnsafeMutableRawBufferPointer(bits).bindMemory(to: UInt8.self)
      forRows(plane) { y, upper, lower, share in
        guard let start = bytes.baseAddress else { return }
        ResizeLoops.blend(
          upper, lower, share: share, count: width, above: threshold, into: start + y * width)
      }
      count = width * height
    }
    return BinaryMask(width: width, height: height, bits: bits)
  }

  /// Areas in pixels where `plane`, once resized, is above `high` and above `low`.
  public func areas(
    _ plane: UnsafeBufferPointer<Float>, above high: Float, and low: Float
  ) -> (high: Int, low: Int) {
    var sums = (high: 0, low: 0)
    forRows(plane) { _, upper, lower, share in
      let row = ResizeLoops.countBlended(
        upper, lower, share: share, count: width, high: high, low: low)
      sums.high += row.high
      sums.low += row.low
    }
    return sums
  }

  @inline(__always)
  func forRows(
    _ plane: UnsafeBufferPointer<Float>,
    _ body: (
      _ y: Int, _ upper: UnsafePointer<Float>, _ lower: UnsafePointer<Float>, _ share: Float
    ) -> Void
  ) {
    precondition(plane.count >= fromWidth * fromHeight)
    ResizeLoops.forBilinearRows(plane, columns: columns, rows: rows, fromWidth: fromWidth, body)
  }
}
