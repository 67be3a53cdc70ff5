/// The inner loops for drawing masks, over unchecked buffers whose sizes are checked once up front.
enum OverlayLoops {
  /// Replaces the pixels inside `mask` with their entries in the tables for red, green and blue.
  static func tint(_ pixels: inout [UInt8], _ mask: BinaryMask, _ tables: [[UInt8]]) {
    precondition(pixels.count == 3 * mask.bits.count)
    precondition(tables.count == 3 && tables.allSatisfy { $0.count == 256 })
    pixels.withUnsafeMutableBufferPointer { pixels in
      mask.bits.withUnsafeBufferPointer { bits in
        tables[0].withUnsafeBufferPointer { red in
          tables[1].withUnsafeBufferPointer { green in
            tables[2].withUnsafeBufferPointer { blue in
              for i in 0..<bits.count where bits[i] {
                let place = 3 &* i
                pixels[place] = red[Int(pixels[place])]
                pixels[place &+ 1] = green[Int(pixels[place &+ 1])]
                pixels[place &+ 2] = blue[Int(pixels[place &+ 2])]
              }
            }
          }
        }
      }
    }
  }

  /// The edge of a mask in one row: inside pixels with an outside pixel nearby, and the reverse.
  struct Edge {
    /// By column, from the first requested: whether a pixel is on the inner side of the edge.
    var inner: [UInt8]
    /// The same for the outer side.
    var outer: [UInt8]
  }

  /// The edge in columns `columns` of row `y`.
  ///
  /// Nearby pixels are those in the same row or column: up to `inside` pixels away for the inner
  /// side, up to `outside` for the outer side. Nothing beyond the picture counts as nearby.
  static func edge(
    of mask: BinaryMask, row y: Int, columns: Range<Int>, inside: Int, outside: Int
  ) -> Edge {
    precondition(y >= 0 && y < mask.height && columns.lowerBound >= 0)
    precondition(columns.upperBound <= mask.width && inside >= 0 && outside >= 0)
    let count = columns.count
    var all = [UInt8](repeating: 1, count: count)
    var any = [UInt8](repeating: 0, count: count)
    mask.bits.withUnsafeBytes { bits in
      all.withUnsafeMutableBufferPointer { all in
        any.withUnsafeMutableBufferPointer { any in
          func visit(_ row: Int, _ shift: Int, _ step: Int) {
            guard row >= 0, row < mask.height else { return }
            // Only columns whose neighbour is in the picture.
            let first = max(0, -(columns.lowerBound + shift))
            let end = min(count, mask.width - columns.lowerBound - shift)
            let start = row * mask.width + columns.lowerBound + shift
            if step <= inside, first < end {
              for i in first..<end { all[i] &= bits[start &+ i] }
            }
            if step <= outside, first < end {
              for i in first..<end { any[i] |= bits[start &+ i] }
            }
          }
          for step in stride(from: 1, through: max(inside, outside), by: 1) {
            visit(y, -step, step)
            visit(y, step, step)
            visit(y - step, 0, step)
            visit(y + step, 0, step)
          }
          let start = y * mask.width + columns.lowerBound
          for i in 0..<count {
            let own = bits[start &+ i]
            all[i] = own & (all[i] ^ 1)
            any[i] = (own ^ 1) & any[i]
          }
        }
      }
    }
    return Edge(inner: all, outer: any)
  }
}
