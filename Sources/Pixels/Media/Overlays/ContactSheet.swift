/// A selection of frames from a video on one page: the first, the last, and ten in between.
public struct ContactSheet {
  private static let columnCount = 4
  private static let tileLimit = 12
  /// Longer side of a tile, in pixels.
  private static let tileSide = 320
  private static let gap = 6

  /// The frames that belong on the page, ascending.
  public let frames: [Int]
  private var page: RGBImage
  private let tileWidth: Int
  private let tileHeight: Int

  /// A page for a video of `frameCount` frames, at least one, of the given size.
  public init(frameCount: Int, width: Int, height: Int) {
    precondition(frameCount > 0 && width > 0 && height > 0)
    let tiles = min(frameCount, ContactSheet.tileLimit)
    frames = (0..<tiles).map {
      tiles == 1 ? 0 : ($0 * (frameCount - 1) + (tiles - 1) / 2) / (tiles - 1)
    }
    let scale = Double(ContactSheet.tileSide) / Double(max(width, height))
    tileWidth = max(1, Int((Double(width) * scale).rounded()))
    tileHeight = max(1, Int((Double(height) * scale).rounded()))
    let columns = min(tiles, ContactSheet.columnCount)
    let rows = (tiles + columns - 1) / columns
    let gap = ContactSheet.gap
    page = RGBImage(
      width: columns * (tileWidth + gap) + gap, height: rows * (tileHeight + gap) + gap,
      filledWith: RGBColour(32, 32, 32))
  }

  /// Puts `picture` on the page, with its number, if `frame` is one of `frames`.
  public mutating func add(_ picture: RGBImage, frame: Int) {
    guard let place = frames.firstIndex(of: frame) else { return }
    var tile = Canvas(Resizer.likePIL(picture, width: tileWidth, height: tileHeight))
    tile.cornerLabel(frame)
    let (row, column) = place.quotientAndRemainder(dividingBy: ContactSheet.columnCount)
    let left = ContactSheet.gap + column * (tileWidth + ContactSheet.gap)
    let top = ContactSheet.gap + row * (tileHeight + ContactSheet.gap)
    for y in 0..<tileHeight {
      let source = 3 * y * tileWidth
      let target = 3 * ((top + y) * page.width + left)
      page.pixels.replaceSubrange(
        target..<target + 3 * tileWidth, with: tile.image.pixels[source..<source + 3 * tileWidth])
    }
  }

  /// The page with the pictures added so far.
  public var image: RGBImage { page }
}
