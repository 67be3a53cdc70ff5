/// The places where the columns of a mask change from outside to inside and back.
///
/// A change is a pixel that differs from the one above it, or the end of a column that ends inside;
/// everything above the first row is outside. Rows are compared eight pixels at a time, since
/// neighbouring rows hardly differ.
struct ColumnChanges {
  /// Rows of the changes, column by column, each from the top.
  private var rows: [Int32]
  /// Where each column's changes start in `rows`, and where the last column's end.
  private var starts: [Int]

  init(_ mask: BinaryMask) {
    var found: [(column: Int32, row: Int32)] = []
    let (width, height) = (mask.width, mask.height)
    let outside = [Bool](repeating: false, count: width)
    mask.bits.withUnsafeBytes { bits in
      outside.withUnsafeBytes { outside in
        for y in 0...height {
          ColumnChanges.compare(
            y > 0 ? UnsafeRawBufferPointer(rebasing: bits[((y - 1) * width)...]) : outside,
            y < height ? UnsafeRawBufferPointer(rebasing: bits[(y * width)...]) : outside, width
          ) { found.append((Int32($0), Int32(y))) }
        }
      }
    }
    starts = [Int](repeating: 0, count: width + 1)
    for change in found { starts[Int(change.column) + 1] += 1 }
    for column in 0..<width { starts[column + 1] += starts[column] }
    rows = [Int32](repeating: 0, count: found.count)
    var next = starts
    for change in found {
      rows[next[Int(change.column)]] = change.row
      next[Int(change.column)] += 1
    }
  }

  /// Calls `body` with the columns in which two rows differ.
  private static func compare(
    _ above: UnsafeRawBufferPointer, _ below: UnsafeRawBufferPointer, _ width: Int,
    _ body: (Int) -> Void
  ) {
    var x = 0
    while x &+ 8 <= width {
      let a = above.loadUnaligned(fromByteOffset: x, as: UInt64.self)
      if a != below.loadUnaligned(fromByteOffset: x, as: UInt64.self) {
        for column in x..<(x &+ 8) where above[column] != below[column] { body(column) }
      }
      x &+= 8
    }
    for column in x..<width where above[column] != below[column] { body(column) }
  }

  /// Calls `body` with the positions, column by column, at which the pixels of a picture of
  /// `height` rows change when the mask is placed in it at `left` and `top` and all other pixels
  /// are outside.
  func forEach(left: Int, top: Int, height: Int, _ body: (Int) -> Void) {
    // A column that ends inside at the bottom continues into a next column that starts inside.
    var pending: Int?
    for column in 0..<(starts.count - 1) {
      let origin = (left + column) * height + top
      for index in starts[column]..<starts[column + 1] {
        let position = origin + Int(rows[index])
        if pending == position {
          pending = nil
          continue
        }
        if let pending { body(pending) }
        pending = position
      }
    }
    if let pending { body(pending) }
  }
}
