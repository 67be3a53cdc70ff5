/// Source of a chain's rows when it partitions an image into windows or merges them.
struct WindowRows {
  enum Order {
    /// Rows of windows [B * windows, w, w], read from an image.
    case windows
    /// Rows of an image [B, H, W], read from its windows.
    case image
  }

  let order: Order
  let height: Int
  let width: Int
  let window: Int

  /// Rows at the source, for `rows` rows of the chain.
  func sourceRows(_ rows: Int) -> Int {
    let (image, windows) = (max(1, height * width), max(1, windowsPerImage * window * window))
    return switch order {
    case .windows: rows / windows * image
    case .image: rows / image * windows
    }
  }

  private var windowsAcross: Int { (width + window - 1) / window }
  private var windowsPerImage: Int { windowsAcross * ((height + window - 1) / window) }

  /// Calls `body` for runs of at most `limit` rows that are adjacent at their source; nil is a part of
  /// a window outside the image, whose rows are zero.
  func forRuns(
    _ rows: Range<Int>, limit: Int, _ body: (_ source: Int?, _ first: Int, _ count: Int) -> Void
  ) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let (source, count) = run(at: row)
      let length = min(count, limit, rows.upperBound - row)
      body(source, row, length)
      row += length
    }
  }

  /// Source of a row, and how many rows from it on continue at the source.
  private func run(at row: Int) -> (source: Int?, count: Int) {
    let (across, perImage) = (windowsAcross, windowsPerImage)
    let area = window * window
    switch order {
    case .windows:
      let (index, place) = (row / area, row % area)
      let (item, inImage) = (index / perImage, index % perImage)
      let (dy, dx) = (place / window, place % window)
      let (y, x) = (inImage / across * window + dy, inImage % across * window + dx)
      guard y < height, x < width else { return (nil, window - dx) }
      return ((item * height + y) * width + x, min(window - dx, width - x))
    case .image:
      let (item, pixel) = (row / (height * width), row % (height * width))
      let (y, x) = (pixel / width, pixel % width)
      let index = item * perImage + y / window * across + x / window
      return (
        index * area + y % window * window + x % window, min(window - x % window, width - x)
      )
    }
  }
}
