/// The 256 colours of DAVIS and Pascal VOC label images.
///
/// The bits of an index, three at a time from the lowest, become the bits of red, green and blue
/// from the highest: 1 is dark red, 2 dark green, 3 olive, and so on.
public enum DAVISPalette {
  /// 256 RGB triples.
  public static let bytes: [UInt8] = (0..<256).flatMap { index in
    let colour = colour(of: index)
    return [colour.red, colour.green, colour.blue]
  }

  /// The colour of object `index`; identifiers above 255 reuse the colours of 1...255.
  public static func colour(of index: Int) -> RGBColour {
    var rest = index > 255 ? (index - 1) % 255 + 1 : max(index, 0)
    var colour = RGBColour.black
    for bit in (0..<8).reversed() where rest != 0 {
      colour.red |= UInt8(rest & 1) << UInt8(bit)
      colour.green |= UInt8(rest >> 1 & 1) << UInt8(bit)
      colour.blue |= UInt8(rest >> 2 & 1) << UInt8(bit)
      rest >>= 3
    }
    return colour
  }
}
